"""Projects, their addresses and their branches through the whole provider, compared with git."""

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    HostUnavailable,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import NewIssue, RepositoryRef

from .conftest import NAME, SHOP, TOKEN, Git, integration

GONE = RepositoryRef(identifier="acme/gone")


def test_every_page_of_projects_is_listed_by_keyset(shop):
    hosted = [HostedRepository(full_name=f"acme/x/r{n:02}", path=str(shop.path)) for n in range(7)]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=3) as running:
        installed = integration(running.url, token=TOKEN)
        found = sorted(repo.identifier for repo in installed.get_repositories())
        assert found == [f"acme/x/r{n:02}" for n in range(7)]
        assert len(running.requests) == 3
        assert all("pagination=keyset" in request.query for request in running.requests)
        running.clear_requests()
        assert [repo.name for repo in installed.get_repositories(query="x/R03")] == ["acme/x/r03"]
        assert len(running.requests) == 1
        assert [repo.name for repo in installed.get_repositories(query="04")] == ["acme/x/r04"]
        running.clear_requests()
        next(installed.get_repositories())
        assert len(running.requests) == 1


def test_projects_that_the_credential_is_no_member_of_are_not_listed(shop):
    hosted = [
        HostedRepository(full_name="acme/mine", path=str(shop.path), private=True),
        HostedRepository(full_name="acme/public", path=str(shop.path)),
        HostedRepository(full_name="acme/secret", path=str(shop.path), private=True),
    ]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot", "acme/mine")}) as running:
        installed = integration(running.url, token=TOKEN)
        assert [repo.identifier for repo in installed.get_repositories()] == ["acme/mine"]
        assert installed.get_repository("acme/public")
        with pytest.raises(NotFound):
            installed.get_repository("acme/secret")


def test_a_project_in_a_subgroup_is_found(installed, emulator, shop):
    repo = installed.get_repository(NAME)
    assert (repo.name, repo.identifier, repo.url) == (NAME, NAME, f"{emulator.url}/{NAME}")
    number = emulator.world.repositories.by_name(NAME).id
    assert repo.external_id == f"{emulator.url.removeprefix('http://')}:{number}"
    assert repo.default_branch == "main" == shop("branch", "--show-current").strip()
    assert installed.get_repository_default_branch(SHOP) == "main"
    assert emulator.requests[0].encoded_path == "/api/v4/projects/acme%2Ftools%2Fshop"
    assert installed.get_repository(str(number)) == repo


@pytest.mark.parametrize("end", ["", "/", "/api/v4", "/api/v4/"])
def test_the_base_url_is_the_instances_or_its_apis(emulator, end):
    assert integration(emulator.url + end, token=TOKEN).get_repository(NAME).name == NAME


def test_a_known_number_outlives_the_name(installed, emulator, shop):
    repo = installed.get_repository(NAME)
    known = RepositoryRef(identifier=NAME, external_id=repo.external_id)
    emulator.rename_repository(NAME, "acme/boutique")
    emulator.clear_requests()
    assert installed.resolve_ref(known, "main") == shop.sha("main")
    assert installed.has_repo_access(known)
    number = repo.external_id.rpartition(":")[2]
    assert all(f"/projects/{number}" in request.path for request in emulator.requests)
    assert all(request.status == 200 for request in emulator.requests)


def test_a_former_name_is_followed_for_reading_alone(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}) as running:
        installed = integration(running.url, token=TOKEN)
        running.rename_repository(NAME, "acme/boutique")
        assert installed.get_repository(NAME).identifier == "acme/boutique"
        assert installed.resolve_ref(SHOP, "main") == shop.sha("main")
        assert [request.status for request in running.requests] == [301, 200, 301, 200]
        with pytest.raises(HostRejected):
            installed.create_issue(NewIssue(repo=SHOP, title="T", description="D"))


def test_access_is_told(installed, emulator):
    assert installed.has_repo_access(SHOP)
    assert not installed.has_repo_access(GONE)
    emulator.faults.add(Fault(kind="status", status=403, match="/projects/", times=1))
    assert not installed.has_repo_access(SHOP)
    emulator.faults.add(Fault(kind="status", status=500, match="/projects/", times=1))
    with pytest.raises(HostUnavailable):
        installed.has_repo_access(SHOP)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "acme",
        "acme/",
        "/shop",
        "a//c",
        "a/..",
        "../..",
        "a b/c",
        "a/b?c",
        "a/b#",
        "ä/b",
        "a/b\n",
        "a/-b",
        "9" * 40,
    ],
)
def test_an_identifier_that_can_be_none_asks_nothing(installed, emulator, identifier):
    with pytest.raises(InvalidArgument):
        installed.get_repository(identifier)
    with pytest.raises(InvalidArgument):
        installed.resolve_ref(RepositoryRef(identifier=identifier), "main")
    assert emulator.requests == []


def test_an_empty_project_has_neither_branch_nor_commits(tmp_path):
    Git(tmp_path)("init", "-q", "-b", "main")
    hosted = [HostedRepository(full_name="acme/empty", path=str(tmp_path))]
    empty = RepositoryRef(identifier="acme/empty")
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}) as running:
        installed = integration(running.url, token=TOKEN)
        assert installed.get_repository("acme/empty").default_branch is None
        assert list(installed.get_branches(empty)) == []
        with pytest.raises(NotFound) as caught:
            installed.resolve_ref(empty, "")
        assert caught.value.resource == "ref"
        with pytest.raises(NotFound):
            installed.get_commit(empty, "abcdef1")


def test_branches_are_gits(installed, shop):
    expected = shop("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    found = [f"{branch.name} {branch.sha}" for branch in installed.get_branches(SHOP)]
    assert sorted(found) == sorted(expected.split("\n")[:-1])
    assert [branch.name for branch in installed.get_branches(SHOP, query="check")] == [
        "feature/checkout"
    ]
    assert list(installed.get_branches(SHOP, query="^main$")) == []


def test_branches_come_page_after_page(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=2) as running:
        installed = integration(running.url, token=TOKEN)
        assert len(list(installed.get_branches(SHOP))) == 4
        assert len(running.requests) == 2
