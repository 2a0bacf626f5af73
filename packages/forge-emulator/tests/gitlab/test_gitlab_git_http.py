"""git over HTTP, and the webhooks that its pushes send."""

import base64
import hmac

import pytest

from forge_emulator import Emulator, Fault, HostedRepository

from .conftest import TOKEN

SIGNING = f"whsec_{base64.b64encode(b'k' * 32).decode()}"


def url_of(emulator: Emulator, name: str, user: str = "any", token: str = TOKEN) -> str:
    return emulator.url.replace("http://", f"http://{user}:{token}@") + f"/{name}"


@pytest.mark.parametrize("name", ["acme/tools/shop.git", "acme/tools/shop", "acme/secret.git"])
def test_a_clone(emulator, git, shop, name):
    git("clone", "-q", "--bare", url_of(emulator, name), "copy")
    found = git("-C", "copy", "rev-parse", "main").stdout.decode().strip()
    assert found == shop.git("rev-parse", "main")
    assert {request.kind for request in emulator.requests} == {"git"}


def test_an_applications_token(emulator, git):
    emulator.add_oauth_client("app", "hush")
    token = emulator.give_oauth("app", "dora", "read_repository").access_token
    git("ls-remote", url_of(emulator, "acme/secret.git", "oauth2", token))


@pytest.mark.parametrize(
    ("name", "token"),
    [("acme/secret.git", "wrong"), ("acme/secret.git", "narrow"), ("acme/none.git", TOKEN)],
)
def test_what_is_refused(emulator, git, name, token):
    assert git("ls-remote", url_of(emulator, name, token=token), check=False).returncode == 128


def test_a_token_of_another_scope_fetches_nothing(emulator, git):
    emulator.add_token("user-only", "dora", "read_user")
    url = url_of(emulator, "acme/secret.git", token="user-only")
    assert git("ls-remote", url, check=False).returncode == 128
    assert [request.status for request in emulator.requests][-1] == 403


def test_a_partial_clone_is_served_or_refused(emulator, git):
    url = url_of(emulator, "acme/tools/shop.git")
    done = git("clone", "-q", "--bare", "--filter=blob:none", url, "thin")
    assert b"filtering not recognized" not in done.stderr
    emulator.faults.add(Fault(kind="refuse_partial_clone"))
    done = git("clone", "-q", "--bare", "--filter=blob:none", url, "whole")
    assert b"filtering not recognized" in done.stderr


@pytest.fixture
def forge(start_emulator, shop, tmp_path):
    """An emulator that takes pushes to `x/y/z`."""
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "z.git"))
    emulator = start_emulator(allow_push=True)
    emulator.add_repository(HostedRepository(full_name="x/y/z", path=tmp_path / "z.git", id=77))
    return emulator


def test_a_push_is_told(forge, git, connect, inbox, clock):
    hook = {"url": inbox.url, "token": "hush", "signing_token": SIGNING, "tag_push_events": True}
    assert connect(forge).post("/projects/77/hooks", json=hook).status_code == 201
    git("clone", "-q", url_of(forge, "x/y/z.git"), "work")
    for number in range(22):
        git(
            "-C", "work", "-c", "user.name=A", "-c", "user.email=a@example.com",
            "commit", "-q", "--allow-empty", "-m", f"Number {number}",
        )  # fmt: skip
    git("-C", "work", "push", "-q", "origin", "HEAD:main", "HEAD:refs/tags/t")
    forge.wait_for_deliveries()
    push, tag = sorted(inbox.received, key=lambda each: each.headers["x-gitlab-event"])
    assert push.headers["x-gitlab-event"] == "Push Hook"
    assert tag.headers["x-gitlab-event"] == "Tag Push Hook"
    body = push.json()
    assert (body["ref"], body["total_commits_count"]) == ("refs/heads/main", 22)
    assert [each["title"] for each in body["commits"]] == [f"Number {n}" for n in range(2, 22)]
    assert body["project"]["path_with_namespace"] == "x/y/z"
    assert push.headers["x-gitlab-token"] == "hush"
    assert push.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    signed = b".".join(
        [
            push.headers["webhook-id"].encode(),
            push.headers["webhook-timestamp"].encode(),
            push.body,
        ]
    )
    digest = base64.b64encode(hmac.digest(b"k" * 32, signed, "sha256")).decode()
    assert push.headers["webhook-signature"] == f"v1,{digest}"


def test_a_push_of_many_refs_is_told_to_nobody(forge, git, connect, inbox):
    connect(forge).post("/projects/77/hooks", json={"url": inbox.url})
    git("clone", "-q", url_of(forge, "x/y/z.git"), "work")
    git("-C", "work", "push", "-q", "origin", *(f"HEAD:refs/heads/b{n}" for n in range(4)))
    assert forge.wait_for_deliveries() == []


def test_a_push_that_is_refused(emulator, git):
    git("clone", "-q", url_of(emulator, "acme/tools/shop.git"), "work")
    done = git("-C", "work", "push", "-q", "origin", "HEAD:refs/heads/x", check=False)
    assert done.returncode != 0


def test_names_are_told_to_system_hooks_alone(forge, connect, inbox):
    client = connect(forge)
    client.post("/projects/77/hooks", json={"url": inbox.url})
    assert client.post("/hooks", json={"url": inbox.url, "token": "s"}).status_code == 201
    forge.rename_repository("x/y/z", "x/y/other")
    forge.rename_repository("x/y/other", "q/other")
    forge.remove_repository("q/other")
    forge.wait_for_deliveries()
    assert [each.json()["event_name"] for each in inbox.received] == [
        "project_rename",
        "project_transfer",
        "project_destroy",
    ]
    assert {each.headers["x-gitlab-event"] for each in inbox.received} == {"System Hook"}
