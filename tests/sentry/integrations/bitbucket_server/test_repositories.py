"""Repositories, branches and credentials through the whole provider."""

import subprocess
from urllib.parse import parse_qs

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import RepositoryRef

from .conftest import SHOP, TOKEN, WEB, Git, integration

GONE = RepositoryRef(identifier="ACME/gone")


def test_every_page_of_repositories_is_listed(shop):
    hosted = [HostedRepository(full_name=f"ACME/r{n:02}", path=shop.path) for n in range(7)]
    with Emulator(
        "bitbucket_server", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=3
    ) as running:
        installed = integration(running.url, token=TOKEN)
        found = [repo.identifier for repo in installed.get_repositories()]
        assert found == [f"ACME/r{n:02}" for n in range(7)]
        starts = [parse_qs(request.query)["start"] for request in running.requests]
        assert starts == [["0"], ["3"], ["6"]]
        running.clear_requests()
        assert [repo.name for repo in installed.get_repositories(query=" R03 ")] == ["ACME/r03"]
        assert len(running.requests) == 1
        next(installed.get_repositories())
        assert len(running.requests) == 2


def test_archived_repositories_are_read_as_others(shop):
    hosted = [
        HostedRepository(full_name="ACME/old", path=shop.path, archived=True),
        HostedRepository(full_name="ACME/shop", path=shop.path),
    ]
    with Emulator("bitbucket_server", hosted, tokens={TOKEN: ("robot",)}) as running:
        installed = integration(running.url, token=TOKEN)
        assert [repo.name for repo in installed.get_repositories()] == ["ACME/old", "ACME/shop"]
        assert [repo.name for repo in installed.get_repositories(query="old")] == ["ACME/old"]
        running.remove_repository("ACME/shop")
        assert installed.check_credential().missing == ()


def test_a_repository_is_found(installed, emulator):
    repo = installed.get_repository("ACME/shop")
    assert (repo.name, repo.identifier) == ("ACME/shop", "ACME/shop")
    assert repo.external_id.isdigit()
    assert repo.url == f"{WEB}/projects/ACME/repos/shop"
    assert repo.default_branch == "main"
    assert installed.get_repository_default_branch(SHOP) == "main"
    emulator.rename_repository("ACME/shop", "OTHER/store")
    try:
        moved = installed.get_repository("OTHER/store")
        assert moved.external_id == repo.external_id
        assert installed.get_repository("ACME/shop") == moved  # the host leads on
    finally:
        emulator.rename_repository("OTHER/store", "ACME/shop")


def test_a_personal_repository(installed, emulator, shop):
    emulator.add_repository(HostedRepository(full_name="~bob/own", path=shop.path))
    try:
        repo = installed.get_repository("~bob/own")
        assert repo.url == f"{WEB}/users/bob/repos/own"
        own = RepositoryRef(identifier=repo.identifier)
        assert installed.resolve_ref(own, "main") == shop.id("main")
    finally:
        emulator.remove_repository("~bob/own")


def test_access_is_told(installed, emulator):
    assert installed.has_repo_access(SHOP)
    assert not installed.has_repo_access(GONE)
    emulator.faults.add(Fault(kind="status", status=401, match="/repos/", times=1))
    assert not installed.has_repo_access(SHOP)  # 401 with AuthorisationException
    emulator.faults.add(Fault(kind="status", status=500, match="/repos/", times=1))
    with pytest.raises(HostUnavailable):
        installed.has_repo_access(SHOP)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "ACME",
        "ACME/",
        "/shop",
        "a/b/c",
        "a/..",
        "../..",
        "~/..",
        "a b/c",
        "a/b?c",
        "ä/b",
        "a/b\n",
    ],
)
def test_an_identifier_that_can_be_none_asks_nothing(installed, emulator, identifier):
    with pytest.raises(InvalidArgument):
        installed.get_repository(identifier)
    assert emulator.requests == []


def test_branches(installed, shop):
    found = {branch.name: branch.sha for branch in installed.get_branches(SHOP)}
    told = shop("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").split("\n")
    assert found == dict(line.split(" ") for line in told if line)
    assert len(found) == 4
    (only,) = installed.get_branches(SHOP, query="check")
    assert only.name == "feature/checkout"
    with pytest.raises(NotFound):
        list(installed.get_branches(GONE))


def test_an_empty_repository(installed, emulator, tmp_path):
    Git(tmp_path)("init", "-q", "-b", "main")
    emulator.add_repository(HostedRepository(full_name="ACME/empty", path=tmp_path))
    empty = RepositoryRef(identifier="ACME/empty")
    try:
        assert installed.get_repository_default_branch(empty) is None
        assert installed.get_repository("ACME/empty").default_branch is None
        assert list(installed.get_branches(empty)) == []
        for call in (
            lambda: installed.resolve_ref(empty, ""),
            lambda: installed.get_commit(empty, "abcdef1"),
            lambda: installed.get_tree(empty, sha="a" * 40, path="", max_entries=5),
        ):
            with pytest.raises(NotFound):
                call()
    finally:
        emulator.remove_repository("ACME/empty")
    with pytest.raises(NotFound):
        installed.get_repository_default_branch(empty)


# --- credentials -----------------------------------------------------------------------------


def test_whose_credential_it_is(installed, emulator):
    check = installed.check_credential()
    assert (check.account, check.missing) == ("robot", ())
    assert check.identity.startswith("user-")
    basic = {"username": "robot", "password": TOKEN}
    assert integration(emulator.url, basic=basic).check_credential() == check
    assert len(emulator.requests) == 2


def test_one_that_may_read_nothing(emulator, installed):
    emulator.add_token("BBDC-nobody", "nobody", "OTHER/repo")
    check = integration(emulator.url, token="BBDC-nobody").check_credential()
    assert (check.account, check.missing) == ("nobody", ("REPO_READ",))


@pytest.mark.parametrize(
    "credential",
    [{"token": "wrong"}, {"basic": {"username": "eve", "password": TOKEN}}],
)
def test_one_that_is_not_accepted(emulator, credential):
    broken = integration(emulator.url, **credential)
    for call in (broken.check_credential, lambda: broken.get_commit(SHOP, "abcd")):
        with pytest.raises(IntegrationBroken):
            call()


def test_a_missing_permission_does_not_break_the_integration(emulator, installed, shop):
    emulator.add_repository(HostedRepository(full_name="ACME/secret", path=shop.path, private=True))
    emulator.add_token("BBDC-narrow", "mallory", "ACME/shop")
    narrow = integration(emulator.url, token="BBDC-narrow")
    secret = RepositoryRef(identifier="ACME/secret")
    try:
        assert not narrow.has_repo_access(secret)
        for call in (
            lambda: narrow.get_repository("ACME/secret"),
            lambda: list(narrow.get_branches(secret)),
            lambda: narrow.get_file(secret, path="a", sha="a" * 40, max_bytes=9),
        ):
            with pytest.raises(HostForbidden):
                call()
    finally:
        emulator.remove_repository("ACME/secret")


def test_an_account_without_a_name_in_the_headers(installed, emulator):
    emulator.faults.add(
        Fault(
            kind="status",
            status=200,
            body=b'{"isLastPage": true, "values": [1]}',
            content_type="application/json",
        )
    )
    check = installed.check_credential()
    assert (check.account, check.identity) == ("an unnamed account", "")


@pytest.mark.parametrize("kind", ["token", "basic"])
def test_git_itself_fetches_with_the_mirrors_source(emulator, installed, shop, tmp_path, kind):
    emulator.add_repository(HostedRepository(full_name="ACME/secret", path=shop.path, private=True))
    credential = {"token": TOKEN, "basic": {"username": "robot", "password": TOKEN}}[kind]
    with_it = integration(emulator.url, **{kind: credential})
    try:
        source = with_it.get_mirror_source(RepositoryRef(identifier="ACME/secret"))
        assert source.url == f"{emulator.url}/scm/acme/secret.git"
        assert TOKEN not in repr(source)
        header = f"authorization: {source.headers['authorization']}"
        environment = {
            "PATH": "/usr/bin:/bin",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{source.url}.extraHeader",
            "GIT_CONFIG_VALUE_0": header,
        }
        command = ["git", "ls-remote", source.url, "refs/heads/main"]
        told = subprocess.run(command, capture_output=True, check=True, env=environment)
        assert told.stdout.decode().split()[0] == shop.id("main")
    finally:
        emulator.remove_repository("ACME/secret")
    with pytest.raises(IntegrationBroken):
        with_it.get_mirror_source(SHOP, rejected=source)
    other = integration(emulator.url, token="other").get_mirror_source(SHOP)
    assert with_it.get_mirror_source(SHOP, rejected=other).identity == source.identity
