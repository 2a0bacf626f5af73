"""A repository that is known by its number, once it has another name and its own is another's."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.bitbucket_server import integration as provider
from sentry.integrations.bitbucket_server.identities import Meaning, Meanings, NamedAt
from sentry.integrations.bitbucket_server.integration import BitbucketServerIntegration
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    NotFound,
    Reason,
    RepositoryReplaced,
    ScmError,
)
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.types import RepositoryRef, SourceLineInfo

from .conftest import TOKEN, Git, integration

NAME = "/rest/api/latest/projects/ACME/repos/shop"


class Clock:
    """Monotonic seconds, turned by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    runtime = HttpRuntime(clock=clock)
    monkeypatch.setattr(provider, "shared_runtime", lambda: runtime)
    return clock


@pytest.fixture
def host(shop: Git) -> Iterator[Emulator]:
    with Emulator(
        "bitbucket_server",
        [HostedRepository(full_name="ACME/shop", path=shop.path, id=1)],
        rate_limit=None,
        tokens={TOKEN: ("robot",)},
    ) as running:
        yield running


@pytest.fixture
def made(host: Emulator, clock: Clock) -> BitbucketServerIntegration:
    return integration(host.url, token=TOKEN)


@pytest.fixture
def known() -> RepositoryRef:
    """The repository as it was when it was stored."""
    return RepositoryRef(identifier="ACME/shop", external_id="1")


@pytest.fixture
def take_name(host: Emulator, tmp_path) -> Callable[[], Git]:
    """Renames the repository, and gives its name to another one, which is returned."""

    def take() -> Git:
        git = Git(tmp_path / "other")
        git.path.mkdir()
        git("init", "-q", "-b", "main")
        git.commit("Begin something else", {"src/basket.py": b"TAX = 'of another'\n"})
        host.rename_repository("ACME/shop", "ACME/store")
        host.add_repository(HostedRepository(full_name="ACME/shop", path=git.path, id=2))
        host.clear_requests()
        return git

    return take


def _line(repo: RepositoryRef, path: str, ref: str, number: int) -> SourceLineInfo:
    return SourceLineInfo(repo=repo, path=path, lineno=number, ref=ref)


def test_a_name_that_another_one_has_answers_nothing(made, known, take_name, host, shop):
    sha = take_name().id("main")
    for call in (
        lambda: made.get_repository_default_branch(known),
        lambda: made.resolve_ref(known, "main"),
        lambda: made.get_commit(known, sha),
        lambda: made.list_commits(known, sha=sha, path="", page=1, per_page=3),
        lambda: made.get_file(known, path="src/basket.py", sha=sha, max_bytes=999),
        lambda: made.get_tree(known, sha=sha, path="", max_entries=9),
        lambda: made.get_commit_changes(known, sha=sha),
        lambda: made.compare_commits(known, base=sha, head=sha, max_commits=9),
        lambda: list(made.get_branches(known)),
        lambda: made.get_pull_requests_for_commit(known, sha=sha),
        lambda: list(made.get_file_blame(known, path="src/basket.py", sha=sha)),
        lambda: made.get_mirror_source(known),
        lambda: made.register_webhook(known, url="https://sentry.example/", secret="s3cret"),
        lambda: made.unregister_webhook(known, webhook_id="1"),
    ):
        with pytest.raises(RepositoryReplaced) as caught:
            call()
        assert "SyncRepositories" in caught.value.message
        assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    (blamed,) = made.get_blame_for_files([_line(known, "src/basket.py", sha, 1)])
    assert isinstance(blamed, RepositoryReplaced)
    assert not made.has_repo_access(known)
    assert {request.path for request in host.requests} == {NAME}
    assert host.world.store.hooks(2) == []


def test_a_former_name_that_nobody_took_leads_on(made, known, host, shop):
    head = shop.id("main")
    host.rename_repository("ACME/shop", "OTHER/store")
    assert made.resolve_ref(known, "main") == head
    assert made.get_commit(known, head).sha == head
    assert made.get_mirror_source(known).url == f"{host.url}/scm/other/store.git"
    number = made.register_webhook(known, url="https://sentry.example/hook", secret="s3cret")
    assert len(host.world.store.hooks(1)) == 1
    made.unregister_webhook(known, webhook_id=number)
    assert host.world.store.hooks(1) == []
    assert made.has_repo_access(known)


def test_a_name_is_confirmed_once_for_ten_seconds(made, known, host, shop, clock):
    head = shop.id("main")
    lines = [_line(known, path, head, 1) for path in ("src/basket.py", "src/checkout.py")]
    made.get_blame_for_files(lines)
    made.list_commits(known, sha=head, path="", page=1, per_page=3)
    assert [request.path for request in host.requests].count(NAME) == 1
    clock.now += 9.9
    made.resolve_ref(known, "main")
    assert [request.path for request in host.requests].count(NAME) == 1
    clock.now += 0.2
    made.resolve_ref(known, "main")
    assert [request.path for request in host.requests].count(NAME) == 2


def test_what_may_be_stored_is_confirmed_in_any_case(made, known, take_name, shop):
    made.resolve_ref(known, "main")
    sha = take_name().id("main")
    assert made.resolve_ref(known, "main") == sha  # for ten seconds, and no longer
    with pytest.raises(RepositoryReplaced):
        made.get_commit(known, sha)
    with pytest.raises(RepositoryReplaced):
        made.resolve_ref(known, "main")


HOOK = "https://sentry.example/hook"


@pytest.mark.parametrize(
    "call",
    [
        lambda made, known, number: made.register_webhook(known, url=HOOK, secret="an0ther"),
        lambda made, known, number: made.unregister_webhook(known, webhook_id=number),
        lambda made, known, number: made.get_repository_default_branch(known),
    ],
    ids=["register", "unregister", "default-branch"],
)
def test_what_changes_the_host_or_may_be_stored_trusts_no_memory(
    call, made, known, take_name, host
):
    made.resolve_ref(known, "main")
    take_name()
    by_name = RepositoryRef(identifier="ACME/shop")
    number = made.register_webhook(by_name, url=HOOK, secret="s3cret")
    with pytest.raises(RepositoryReplaced):
        call(made, known, number)
    (registered,) = host.world.store.hooks(2)
    assert registered.config["secret"] == "s3cret"
    assert host.world.store.hooks(1) == []


def test_one_that_is_known_by_its_name_alone_is_not_asked_for(made, host, shop):
    by_name = RepositoryRef(identifier="ACME/shop")
    assert made.resolve_ref(by_name, "main") == shop.id("main")
    assert [request.path for request in host.requests] == [f"{NAME}/commits"]


@pytest.mark.parametrize(("status", "kind"), [(401, HostForbidden), (404, NotFound)])
def test_what_the_host_refuses_is_told_and_not_remembered(made, known, host, status, kind):
    host.faults.add(Fault(kind="status", status=status, match="/repos/shop", times=1))
    with pytest.raises(kind) as caught:
        made.resolve_ref(known, "main")
    assert not isinstance(caught.value, RepositoryReplaced)
    assert made.get_repository_default_branch(known) == "main"


def test_a_webhook_of_a_repository_that_is_gone_is_no_error(made, known, host):
    host.remove_repository("ACME/shop")
    made.unregister_webhook(known, webhook_id="1")
    assert {request.path for request in host.requests} == {NAME}


def test_names_are_apart_by_server_and_credential_and_are_forgotten():
    meanings = Meanings(most=2)
    place = NamedAt(api="https://a", identity="x", name="ACME/shop")
    meaning = Meaning(external_id="1", name="ACME/shop")
    meanings.put(place, meaning, now=5.0)
    assert meanings.get(place, now=14.9) == meaning
    assert meanings.get(place, now=15.0) is None
    others = [replace(place, api="https://b"), replace(place, identity="y")]
    assert [meanings.get(other, now=5.0) for other in others] == [None, None]
    for other in others:
        meanings.put(other, meaning, now=6.0)
    assert meanings.get(place, now=6.0) is None
    assert issubclass(RepositoryReplaced, NotFound)
    assert issubclass(RepositoryReplaced, ScmError)
