"""A repository and its project go by their ids: their names may be others' by now."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.types import NewIssue, RepositoryRef
from sentry.integrations.vsts.integration import VstsIntegration

from .conftest import TOKEN, Git, integration

NAME = "Online Shop/shop"


@pytest.fixture
def host(shop: Git) -> Iterator[Emulator]:
    with Emulator(
        "vsts",
        [HostedRepository(full_name=NAME, path=str(shop.path), id=1)],
        rate_limit=None,
        tokens={TOKEN: ("robot@example.com",)},
    ) as running:
        yield running


@pytest.fixture
def made(host: Emulator) -> VstsIntegration:
    return integration(host.url, token=TOKEN, search_url=f"{host.url}/acme")


@pytest.fixture
def known(made: VstsIntegration) -> RepositoryRef:
    """The repository as a synchronization stores it."""
    (info,) = made.get_repositories()
    return RepositoryRef(
        identifier=info.identifier, external_id=info.external_id, config=info.facts
    )


@pytest.fixture
def other(host: Emulator, known: RepositoryRef, tmp_path) -> Git:
    """Renames the project, and gives all of its names to another one."""
    git = Git(tmp_path / "other")
    git.path.mkdir()
    git("init", "-q", "-b", "main")
    git.commit("Begin something else", {"src/cart.py": b"TAX = 'of another'\n"})
    host.rename_owner("Online Shop", "Store")
    host.add_repository(HostedRepository(full_name=NAME, path=str(git.path), id=2))
    host.clear_requests()
    return git


def test_a_renamed_project_is_read_by_its_id(made, known, other, shop, host):
    head = shop.id("main")
    assert made.has_repo_access(known)
    assert made.resolve_ref(known, "main") == head != other.id("main")
    assert made.get_commit(known, head).sha == head
    with pytest.raises(NotFound):
        made.get_commit(known, other.id("main"))
    file = made.get_file(known, path="src/cart.py", sha=head, max_bytes=999)
    assert file.content == (shop.path / "src/cart.py").read_bytes()
    assert made.get_pull_requests_for_commit(known, sha=head) == []
    place = f"/acme/{known.config['project_id']}/_apis/git/repositories/{known.external_id}"
    assert all(request.path.startswith(place) for request in host.requests)


def test_a_search_asks_for_the_names_and_answers_nothing_of_another(made, known, other):
    matches, more = made.search_code(known, query="TAX", page=1, per_page=9)
    assert [match.path for match in matches] == ["src/cart.py"]
    assert "another" not in str(matches)
    assert not more


def test_git_fetches_by_the_ids(made, known, other, shop):
    source = made.get_mirror_source(known)
    header = next(f"{name}: {value}" for name, value in source.headers.items())
    told = subprocess.run(
        ["git", "-c", f"http.extraHeader={header}", "ls-remote", source.url, "refs/heads/main"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == [shop.id("main"), "refs/heads/main"]


def test_a_webhook_is_registered_for_the_repository_that_is_meant(made, known, other, host):
    made.register_webhook(known, url="https://sentry.example/hook", secret="s3cret")
    assert host.world.store.hooks(2) == []
    registered = [hook.config for hook in host.world.store.hooks(0) + host.world.store.hooks(1)]
    assert known.external_id in str(registered)


def test_work_items_are_of_the_project_that_is_meant(made, known, other, host):
    issue = NewIssue(repo=known, title="Mend", description="It leaks.", marker="m" * 32)
    key = made.create_issue(issue).key
    assert key.startswith("Store#")
    assert host.issues(NAME) == []
    assert [each.key for each in made.search_issues(known, "Mend")] == [key]
    found = made.find_issue_by_marker(known, "m" * 32, since=datetime.now(UTC) - timedelta(hours=1))
    assert found is not None
    assert found.key == key
    by_name = RepositoryRef(identifier="Online Shop")
    assert made.search_issues(by_name, "Mend") == []
    with pytest.raises(NotFound):
        made.get_issue(key.replace("Store", "Online Shop"))


def test_a_row_without_the_projects_id_goes_by_its_name_and_answers_nothing_of_another(
    made, known, other
):
    before = RepositoryRef(identifier=known.identifier, external_id=known.external_id)
    assert not made.has_repo_access(before)
    for call in (
        lambda: made.resolve_ref(before, "main"),
        lambda: made.get_commit(before, other.id("main")),
        lambda: made.search_code(before, query="TAX", page=1, per_page=9),
    ):
        with pytest.raises(NotFound):
            call()
