"""Real git clients fetch and push."""

import gzip
import os

import pytest

from forge_emulator import Fault


def address(emulator, path, user="x-access-token:ghp_test"):
    return emulator.url.replace("http://", f"http://{user}@" if user else "http://") + path


@pytest.mark.parametrize("form", ["/acme/shop.git", "/acme/shop", "/api/v3/acme/shop.git"])
def test_clone(emulator, git, shop, tmp_path, form):
    git("clone", "-q", "--mirror", address(emulator, form, ""), "copy")
    refs = git("-C", "copy", "for-each-ref", "--format=%(objectname) %(refname)").stdout
    assert refs.decode().strip() == shop.git("for-each-ref", "--format=%(objectname) %(refname)")
    git("-C", "copy", "fsck", "--full")
    assert {request.kind for request in emulator.requests} == {"git"}


def test_private_clone(emulator, git):
    git("clone", "-q", "--bare", address(emulator, "/acme/secret.git"), "one")
    for user in ("", "x:wrong", "x:ghp_narrow"):
        done = git(
            "clone", "--bare", address(emulator, "/acme/secret.git", user), "no", check=False
        )
        assert done.returncode != 0
    done = git("clone", address(emulator, "/acme/none.git"), "none", check=False)
    assert b"not found" in done.stderr


def test_partial_clone_and_its_refusal(emulator, git):
    url = address(emulator, "/acme/shop.git")
    git("clone", "-q", "--bare", "--filter=blob:none", url, "partial")
    missing = git("-C", "partial", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert b"\n?" in missing
    emulator.faults.add(Fault(kind="refuse_partial_clone", match="git"))
    done = git("clone", "--bare", "--filter=blob:none", url, "whole")
    assert b"filtering not recognized by server" in done.stderr
    whole = git("-C", "whole", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert b"\n?" not in whole


def test_fetch_of_any_commit(emulator, git, shop):
    git("init", "-q", "--bare", "one.git")
    git(
        "-C",
        "one.git",
        "fetch",
        "-q",
        "--depth=1",
        address(emulator, "/acme/shop.git"),
        shop.commits[2],
    )
    assert (
        git("-C", "one.git", "rev-parse", "FETCH_HEAD").stdout.decode().strip() == shop.commits[2]
    )


def test_compressed_request(emulator, client, shop):
    """Protocol 2 in a body that is packed with gzip."""
    body = b"0014command=ls-refs\n00010000"
    response = client.post(
        "/acme/shop.git/git-upload-pack",
        content=gzip.compress(body),
        headers={
            "Content-Type": "application/x-git-upload-pack-request",
            "Content-Encoding": "gzip",
            "Git-Protocol": "version=2",
        },
    )
    assert response.status_code == 200
    assert shop.commits[-1].encode() in response.content


def test_push(start_emulator, git, shop, tmp_path):
    from forge_emulator import HostedRepository

    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "target.git"))
    for allow in (False, True):
        emulator = start_emulator(allow_push=allow)
        emulator.add_repository(
            HostedRepository(full_name="x/target", path=tmp_path / "target.git")
        )
        push = ("-C", str(shop.path), "push", "-q")
        for user in ("", "x:wrong", "x:ghp_narrow"):
            target = address(emulator, "/x/target.git", user)
            assert git(*push, target, "main:new", check=False).returncode != 0
        done = git(*push, address(emulator, "/x/target.git"), "main:new", check=False)
        assert (done.returncode == 0) is allow
    heads = git("-C", "target.git", "rev-parse", "refs/heads/new").stdout.decode().strip()
    assert heads == shop.commits[-1]


def test_push_of_more_than_a_buffer(start_emulator, git, shop, tmp_path):
    """A large push comes in chunks of unknown number."""
    from forge_emulator import HostedRepository

    git("init", "-q", "--bare", "big.git")
    source = type(shop)(tmp_path / "source")
    source.path.mkdir()
    source.git("init", "-q", "-b", "main")
    oid = source.commit("random", {"random.bin": os.urandom(3_000_000)})
    emulator = start_emulator(allow_push=True)
    emulator.add_repository(HostedRepository(full_name="x/big", path=tmp_path / "big.git"))
    git("-C", "source", "push", "-q", address(emulator, "/x/big.git"), "main")
    assert git("-C", "big.git", "rev-parse", "main").stdout.decode().strip() == oid


def test_only_the_smart_protocol(client):
    for path in ("/acme/shop.git/info/refs", "/acme/shop.git/HEAD", "/acme/shop.git/objects/ab/c"):
        assert client.get(path).status_code == 403
    wrong = client.get("/acme/shop.git/info/refs?service=git-evil")
    assert wrong.status_code == 403


def test_client_that_hangs_up(emulator, client, shop):
    """The server takes no harm, and answers the next one."""
    url = "/acme/shop.git/git-upload-pack"
    want = f"0032want {shop.commits[-1]}\n00000009done\n".encode()
    headers = {"Content-Type": "application/x-git-upload-pack-request"}
    with client.stream("POST", url, content=want, headers=headers) as response:
        assert response.status_code == 200
    assert client.get("/acme/shop.git/info/refs?service=git-upload-pack").status_code == 200
