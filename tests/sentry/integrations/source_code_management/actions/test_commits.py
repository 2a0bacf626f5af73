"""Commits: the stored one first, then the host's; every answer held against git."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from forge_emulator.faults import Fault
from sentry.integrations.source_code_management.actions.commits import (
    find_stored_commit,
    get_commit,
    list_commits,
    list_stored_commits,
    store_commit,
)
from sentry.integrations.source_code_management.actions.repositories import get_repository
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import AuthorInfo, Commit, CommitInfo
from sentry.models import Commit as CommitRow
from sentry.models import CommitAuthor, Repository
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import FULL_NAME, WEB_URL, GitTruth, Scene

from .conftest import asked, caller_in, prefixed_commit, raw_commit

pytestmark = pytest.mark.django_db


def get(scene: Scene, sha: str) -> Commit:
    return get_commit(caller_in(scene), repository_id=scene.repository.id, commit_sha=sha)


def history(scene: Scene, **filters) -> list[str]:
    page = list_commits(caller_in(scene), repository_id=scene.repository.id, **filters)
    return [commit.sha for commit in page.items]


def facts(git: GitTruth, sha: str) -> tuple[str, ...]:
    return tuple(git("show", "-s", "--format=%H%x00%B%x00%an%x00%ae%x00%ct", sha).split("\0"))


def test_the_host_is_asked_once_and_git_agrees(scene: Scene) -> None:
    for sha in scene.git.shas():
        scene.emulator.clear_requests()
        first = get(scene, sha)
        assert asked(scene.emulator) == [
            f"GET /repositories/{scene.repository.external_id}/commits/{sha}"
        ]
        scene.emulator.clear_requests()
        second = get(scene, sha.upper())
        assert asked(scene.emulator) == []
        name, body, author, email, time = facts(scene.git, sha)
        for commit in (first, second):
            assert commit.author is not None
            assert (commit.sha, commit.message.strip()) == (name, body.strip())
            assert (commit.author.name, commit.author.email) == (author, email)
            assert commit.committed_at == datetime.fromtimestamp(int(time), UTC)
            assert commit.repository_id == scene.repository.id
        assert first == second
        assert second.web_url == f"{WEB_URL}/{FULL_NAME}/commit/{sha}"
    assert CommitRow.objects.count() == len(scene.git.shas())
    assert CommitAuthor.objects.count() == 2


def test_an_abbreviation_is_looked_up_among_stored_commits_first(scene: Scene) -> None:
    head = scene.git.head()
    assert get(scene, head[:7]).sha == head
    scene.emulator.clear_requests()
    assert get(scene, head[:4]).sha == get(scene, head[:39].upper()).sha == head
    assert asked(scene.emulator) == []


def test_an_abbreviation_that_fits_several_stored_commits(scene: Scene) -> None:
    for ending in ("0", "f"):
        Factories.create_commit(scene.repository, key="abcd" + ending * 36)
    with pytest.raises(InvalidArgument) as refusal:
        get(scene, "abcd")
    assert (refusal.value.field, asked(scene.emulator)) == ("commit_sha", [])
    assert get(scene, "ABCD0").sha == "abcd" + "0" * 36
    assert get(scene, "abcdf").sha == "abcd" + "f" * 36


def test_an_abbreviation_that_fits_several_commits_of_the_host(scene: Scene) -> None:
    ambiguous = b'{"message": "The short SHA is ambiguous"}'
    fault = Fault(kind="status", status=422, body=ambiguous, content_type="application/json")
    scene.emulator.faults.add(fault)
    with pytest.raises(InvalidArgument) as refusal:
        get(scene, scene.git.head()[:4])
    assert refusal.value.field == "commit_sha"
    assert not CommitRow.objects.exists()


def test_the_stored_commit_answers_for_an_abbreviation_of_several(own: Scene) -> None:
    head = own.git.head()
    twin = prefixed_commit(own.git, head[:4])
    assert get(own, twin[:12]).sha == twin
    assert get(own, head[:4]).sha == twin
    assert get(own, head).sha == head
    with pytest.raises(InvalidArgument):
        get(own, head[:4])


def test_a_commit_of_another_repository_is_not_this_ones(scene: Scene) -> None:
    other = Factories.create_repo(scene.project)
    Factories.create_commit(other, key="abcd" * 10)
    with pytest.raises(NotFound, match="commit"):
        get(scene, "abcd" * 10)
    with pytest.raises(NotFound, match="commit"):
        get(scene, "abcdabcd")


@pytest.mark.parametrize("sha", ["", "abc", "main", "HEAD", "g" * 40, "a" * 65, "abcd\n", "-" * 8])
def test_no_sha(scene: Scene, sha: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        get(scene, sha)
    assert (refusal.value.field, asked(scene.emulator)) == ("commit_sha", [])


def test_a_branch_is_no_sha_though_it_looks_like_one(own: Scene) -> None:
    own.git("branch", "deadbeef")
    with pytest.raises(NotFound, match="commit"):
        get(own, "deadbeef")
    assert not CommitRow.objects.exists()


def test_a_stored_commit_needs_no_host(scene: Scene) -> None:
    row = Factories.create_commit(scene.repository, message=None)
    Repository.objects.filter(pk=scene.repository.pk).update(integration_id=None, url=None)
    commit = get(scene, row.key)
    assert (commit.message, commit.author, commit.web_url) == ("", None, "")
    with pytest.raises(IntegrationDisabled):
        get(scene, "f" * 40)


# --- authors, as the commit names them -----------------------------------------------------------

AUTHORS = [
    ('Zoë "Q"', "Zoe@Example.COM"),
    ("Other Name", "zoe@example.com"),
    ("N" * 300, "e" * 300 + "@example.com"),
    ("No Address", ""),
    ("", ""),
]


def test_every_answer_names_the_author_as_git_does(own: Scene) -> None:
    shas = [raw_commit(own.git, author) for author in AUTHORS]
    first = [get(own, sha) for sha in shas]
    own.emulator.clear_requests()
    assert [get(own, sha) for sha in shas] == first
    assert asked(own.emulator) == []
    listed = list_stored_commits(caller_in(own), repository_id=own.repository.id).items
    assert {commit.sha: commit for commit in listed} == {commit.sha: commit for commit in first}
    headers = {"x-api-key": own.token}
    path = f"/api/0/organizations/{own.organization.slug}/repos/{own.repository.id}/commits/"
    shown = {item["id"]: item["author"] for item in own.client.get(path, headers=headers).json()}
    for sha, commit, author in zip(shas, first, AUTHORS, strict=True):
        _, _, name, email, _ = facts(own.git, sha)
        assert (name, email) == author
        assert commit.author is not None
        assert (commit.author.name, commit.author.email) == author
        assert shown[sha] == {"name": name, "email": email}


def test_a_commit_stored_without_its_own_author_shows_the_known_one(scene: Scene) -> None:
    author = Factories.create_commit_author(
        organization_id=scene.organization.id, name="Ada", email="a@b.c", external_id="github:ada"
    )
    row = Factories.create_commit(scene.repository, author=author)
    known = AuthorInfo(name="Ada", email="a@b.c", external_id="github:ada")
    assert get(scene, row.key).author == known
    CommitRow.objects.filter(id=row.id).update(author_name="Countess", author_email="A@B.C")
    own = AuthorInfo(name="Countess", email="A@B.C", external_id="github:ada")
    assert get(scene, row.key).author == own


# --- authors' rows -------------------------------------------------------------------------------


def info(number: int, author: AuthorInfo) -> CommitInfo:
    time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return CommitInfo(sha=f"{number:040x}", message="M", author=author, committed_at=time)


def stored_author(scene: Scene, number: int, **fields: str) -> CommitAuthor | None:
    """Stores a commit of this author; its author's row."""
    repository = get_repository(caller_in(scene), repository_id=scene.repository.id)
    commit = store_commit(repository, info(number, AuthorInfo(**fields)))
    return CommitRow.objects.get(id=commit.id or 0).author


def test_one_row_for_an_address(scene: Scene) -> None:
    first = stored_author(scene, 1, name="Ada", email="Ada@Example.com")
    second = stored_author(scene, 2, name="Countess", email="ada@example.COM")
    assert first == second == CommitAuthor.objects.get()
    assert (first.name, first.email) == ("Ada", "ada@example.com")


def test_an_account_under_two_addresses(scene: Scene) -> None:
    first = stored_author(scene, 1, name="Ada", email="a@example.com", external_id="github:ada")
    second = stored_author(scene, 2, name="Ada", email="b@example.com", external_id="github:ada")
    assert first is not None
    assert second is not None
    assert (first.external_id, second.external_id) == ("github:ada", None)
    assert second.email == "b@example.com"


def test_an_author_without_an_address(scene: Scene) -> None:
    assert stored_author(scene, 1, name="Nobody", email="") is None
    assert not CommitAuthor.objects.exists()


def test_an_author_whose_facts_are_too_long(scene: Scene) -> None:
    row = stored_author(
        scene, 1, name="n" * 300, email="e" * 300 + "@example.com", external_id="github:" + "x" * 300
    )  # fmt: skip
    assert row is not None
    assert (len(row.name or ""), len(row.email), len(row.external_id or "")) == (128, 200, 164)
    again = stored_author(scene, 2, name="n", email="E" * 300 + "@example.com")
    assert again == row


def test_authors_of_another_organization_are_not_shared(scene: Scene) -> None:
    elsewhere = Factories.create_organization()
    Factories.create_commit_author(
        organization_id=elsewhere.id, email="ada@example.com", external_id="github:ada"
    )
    row = stored_author(scene, 1, name="A", email="ada@example.com", external_id="github:ada")
    assert row is not None
    assert (row.organization_id, row.external_id) == (scene.organization.id, "github:ada")


def in_threads(*functions) -> list[BaseException]:
    """Runs the functions at once, each in a thread with a connection of its own."""
    gate = threading.Barrier(len(functions))
    errors: list[BaseException] = []

    def run(function) -> None:
        try:
            gate.wait(30)
            function()
        except BaseException as error:  # noqa: BLE001 - the test reads it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.django_db(transaction=True)
def test_threads_that_store_the_same_commit(scene: Scene) -> None:
    sha = scene.git.head()
    found: list[Commit] = []
    assert in_threads(*[lambda: found.append(get(scene, sha))] * 4) == []
    assert [commit.id for commit in found] == [CommitRow.objects.get().id] * 4
    assert CommitAuthor.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_threads_that_store_one_account_under_several_addresses(scene: Scene, round_: int) -> None:
    def store(number: int) -> None:
        stored_author(
            scene, number, name="Ada", email=f"{number}@example.com", external_id="github:ada"
        )

    assert in_threads(*[lambda number=number: store(number) for number in range(4)]) == []
    assert CommitRow.objects.filter(author=None).count() == 0
    assert CommitAuthor.objects.count() == 4
    assert CommitAuthor.objects.filter(external_id="github:ada").count() == 1


# --- lists --------------------------------------------------------------------------------------


def test_the_history_of_the_default_branch(rich: Scene) -> None:
    assert history(rich, page_size=100) == rich.git.shas()
    assert not CommitRow.objects.exists()


@pytest.mark.parametrize(
    "ref", ["feature/x", "v1.0", "HEAD", "@", "refs/heads/feature/x", "refs/tags/v1.0"]
)
def test_the_history_of_a_ref(rich: Scene, ref: str) -> None:
    assert history(rich, ref=ref) == rich.git("rev-list", ref).split()


def test_the_history_of_an_id(rich: Scene) -> None:
    sha = rich.git.shas()[3]
    expected = rich.git("rev-list", sha).split()
    assert history(rich, ref=sha) == history(rich, ref=sha[:10]) == expected


def test_the_history_of_a_path(rich: Scene) -> None:
    for path in ("src/größe.py", "many", "/many/3.py", "nothing.txt"):
        expected = rich.git("rev-list", "HEAD", "--", path.lstrip("/")).split()
        assert history(rich, path=path) == expected


def test_every_fact_of_a_listed_commit(scene: Scene) -> None:
    page = list_commits(caller_in(scene), repository_id=scene.repository.id)
    for commit in page.items:
        sha, body, author, email, time = facts(scene.git, commit.sha)
        assert commit.author is not None
        assert (commit.id, commit.message.strip()) == (None, body.strip())
        assert (commit.author.name, commit.author.email) == (author, email)
        assert commit.committed_at == datetime.fromtimestamp(int(time), UTC)
        assert commit.web_url.endswith(f"/commit/{sha}")


def test_pages_continue_the_same_history_though_the_branch_moves(own: Scene) -> None:
    before = own.git.shas()
    asks: dict[str, Any] = {"repository_id": own.repository.id, "page_size": 1}
    page = list_commits(caller_in(own), **asks)
    found = [commit.sha for commit in page.items]
    while page.next_token:
        own.git.commit(f"Meanwhile {len(found)}", {"new.txt": str(len(found)).encode()})
        page = list_commits(caller_in(own), **asks, page_token=page.next_token)
        found += [commit.sha for commit in page.items]
    assert found == before
    assert len(own.git.shas()) > len(before)


def test_a_token_belongs_to_its_history(rich: Scene) -> None:
    asks: dict[str, Any] = {"repository_id": rich.repository.id, "page_size": 2}
    token = list_commits(caller_in(rich), **asks).next_token
    for change in ({"ref": "v1.0"}, {"path": "many"}, {"page_size": 3}):
        with pytest.raises(InvalidArgument, match="page_token"):
            list_commits(caller_in(rich), **{**asks, **change}, page_token=token)


def test_a_ref_that_is_not_there(rich: Scene) -> None:
    for ref in ("nowhere", "f" * 40, "feature"):
        with pytest.raises(NotFound) as refusal:
            history(rich, ref=ref)
        assert refusal.value.resource == "ref"


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "x" * 100_000, "a\0", "a~1", "HEAD^", "@{u}"])
def test_no_ref(scene: Scene, ref: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        history(scene, ref=ref)
    assert (refusal.value.field, asked(scene.emulator)) == ("ref", [])


def test_an_empty_repository(own: Scene) -> None:
    own.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(NotFound):
        history(own)


# --- stored lists -------------------------------------------------------------------------------


def stored(scene: Scene, **fields) -> list[str]:
    page = list_stored_commits(caller_in(scene), repository_id=scene.repository.id, **fields)
    return [commit.sha for commit in page.items]


def test_stored_commits_newest_first_without_the_host(scene: Scene) -> None:
    shas = scene.git.shas()
    for sha in reversed(shas):
        get(scene, sha)
    scene.emulator.clear_requests()
    assert stored(scene) == shas
    assert asked(scene.emulator) == []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_of_stored_commits_tile_though_times_are_the_same(scene: Scene, size: int) -> None:
    for second in (3, 1, 1, 1, 2):
        Factories.create_commit(
            scene.repository, date_added=datetime(1969, 12, 31, 23, 59, second, 7, tzinfo=UTC)
        )
    Factories.create_commit(Factories.create_repo(scene.project))
    order = ("-date_added", "-id")
    expected = CommitRow.objects.filter(repository=scene.repository).order_by(*order)
    found: list[str] = []
    token = ""
    while True:
        page = list_stored_commits(
            caller_in(scene), repository_id=scene.repository.id, page_size=size, page_token=token
        )
        found += [commit.sha for commit in page.items]
        token = page.next_token
        if not token:
            break
    assert found == list(expected.values_list("key", flat=True))


def test_stored_commits_take_two_statements(scene: Scene, django_assert_num_queries) -> None:
    author = Factories.create_commit_author(organization_id=scene.organization.id)
    for _ in range(20):
        Factories.create_commit(scene.repository, author=author)
    with django_assert_num_queries(2):
        assert len(stored(scene)) == 20


def test_a_whole_id_of_sha256(scene: Scene) -> None:
    Factories.create_commit(scene.repository, key="a" * 64)
    repository = get_repository(caller_in(scene), repository_id=scene.repository.id)
    found = find_stored_commit(repository, "a" * 64)
    assert found is not None
    assert found.sha == "a" * 64
    assert find_stored_commit(repository, "a" * 40) is None
