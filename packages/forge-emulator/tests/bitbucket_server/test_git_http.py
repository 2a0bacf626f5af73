"""git itself talks to the emulator, with the host's forms of a credential."""

import base64

import pytest

from forge_emulator import Fault, HostedRepository


def auth(value):
    return ["-c", f"http.extraHeader=Authorization: {value}"]


BEARER = auth("Bearer BBDC-token")
BASIC = auth("Basic " + base64.b64encode(b"dora:BBDC-token").decode())


@pytest.mark.parametrize("credential", [BEARER, BASIC])
def test_clone_a_private_repository(emulator, git, shop, tmp_path, credential):
    git(*credential, "clone", "-q", "--bare", f"{emulator.url}/scm/acme/secret.git", "mine")
    told = git("-C", "mine", "rev-parse", "main").stdout.decode().strip()
    assert told == shop.commits[-1]


def test_a_personal_repository_and_a_public_one(emulator, git):
    git("clone", "-q", "--bare", f"{emulator.url}/scm/~dora/old.git", "one")
    git("clone", "-q", "--bare", f"{emulator.url}/scm/ACME/shop", "two")


@pytest.mark.parametrize(
    ("credential", "name"),
    [([], "secret"), (auth("Bearer no"), "shop"), (auth("Bearer BBDC-narrow"), "secret")],
)
def test_refused(emulator, git, credential, name):
    done = git(*credential, "ls-remote", f"{emulator.url}/scm/acme/{name}.git", check=False)
    assert done.returncode != 0


def test_not_there(emulator, git, client):
    url = f"{emulator.url}/scm/acme/none.git"
    assert git(*BEARER, "ls-remote", url, check=False).returncode != 0
    assert client.get("/scm/acme/shop.git/HEAD").status_code == 403


def test_a_former_name_leads_on(emulator, git, client):
    emulator.rename_repository("ACME/secret", "OTHER/store")
    url = f"{emulator.url}/scm/acme/secret.git"
    git(*BEARER, "clone", "-q", "--bare", url, "mine")
    answer = client.get(f"{url}/info/refs?service=git-upload-pack")
    place = f"{emulator.url}/scm/other/store.git/info/refs?service=git-upload-pack"
    assert (answer.status_code, answer.headers["location"]) == (301, place)
    assert git(*auth("Bearer BBDC-narrow"), "ls-remote", url, check=False).returncode != 0


def test_a_partial_clone_and_its_refusal(emulator, git):
    clone = [*BEARER, "clone", "-q", "--bare", "--filter=blob:none"]
    git(*clone, f"{emulator.url}/scm/acme/shop.git", "partial")
    missing = git("-C", "partial", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert b"\n?" in missing
    emulator.faults.add(Fault(kind="refuse_partial_clone", match="git"))
    git(*clone, f"{emulator.url}/scm/acme/shop.git", "whole")
    whole = git("-C", "whole", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert b"\n?" not in whole


def test_push(start, git, shop, tmp_path):
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    git("clone", "-q", "x.git", "work")

    def may_push(credential, *, allowed):
        emulator = start(allow_push=allowed)
        emulator.add_repository(HostedRepository(full_name="X/y", path=tmp_path / "x.git"))
        push = ("-C", "work", "push", "-q", f"{emulator.url}/scm/x/y.git", "main:new")
        return git(*credential, *push, check=False).returncode == 0

    assert not may_push(BEARER, allowed=False)
    assert not may_push([], allowed=True)
    assert not may_push(auth("Bearer BBDC-reader"), allowed=True)
    assert may_push(BEARER, allowed=True)


def test_a_repository_that_is_gone_from_disk(emulator, client, git, tmp_path):
    git("init", "-q", "--bare", "gone.git")
    emulator.add_repository(HostedRepository(full_name="X/gone", path=tmp_path / "gone.git"))
    (tmp_path / "gone.git").rename(tmp_path / "away.git")
    answer = client.get("/scm/x/gone.git/info/refs?service=git-upload-pack")
    assert answer.status_code == 500
