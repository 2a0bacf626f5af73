"""Commits in bulk."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry.integrations.source_code_management.actions.pushed_commits import store_pushed
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    ChangeKind,
    CommitInfo,
    FileChange,
)
from sentry.integrations.source_code_management.webhooks import PushedCommit
from sentry.models import (
    Commit,
    CommitAuthor,
    CommitFileChange,
)
from sentry.testutils.factories import Factories


def pushed(number: int) -> PushedCommit:
    commit = CommitInfo(
        sha=f"{number:040x}",
        message=f"C{number}",
        author=AuthorInfo(
            name=f"A{number}", email=f"A{number}@Example.com", external_id=f"github:a{number % 7}"
        ),
        committed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    files = (FileChange(path=f"f{number}", kind=ChangeKind.ADDED),)
    return PushedCommit(commit=commit, changes=files)


@pytest.mark.django_db
def test_the_statements_do_not_grow_with_the_page() -> None:
    repository = Factories.create_repo()
    counts = []
    for first, size in ((0, 2), (1000, 100)):
        with CaptureQueriesContext(
            connection,
        ) as sent:
            store_pushed(repository, [pushed(first + number) for number in range(size)])
        counts.append(sum("SAVEPOINT" not in each["sql"] for each in sent))
    assert Commit.objects.count() == CommitFileChange.objects.count() == 102
    assert CommitAuthor.objects.count() == 102
    assert CommitAuthor.objects.exclude(external_id=None).count() == 7
    assert counts[1] <= counts[0] + 3  # what SQLite takes in one statement is bounded
    assert counts[1] <= 12


@pytest.mark.django_db
def test_a_move_is_a_removal_and_an_addition() -> None:
    repository = Factories.create_repo()
    files = (
        FileChange(path="b", kind=ChangeKind.RENAMED, previous_path="a"),
        FileChange(path="a", kind=ChangeKind.RENAMED, previous_path="c"),
        FileChange(path="d", kind=ChangeKind.MODIFIED),
        FileChange(path="", kind=ChangeKind.MODIFIED),
    )
    commit = pushed(1).commit
    store_pushed(repository, [PushedCommit(commit=commit, changes=files)])
    rows = CommitFileChange.objects.values_list("filename", "type")
    assert dict(rows) == {"a": "M", "b": "A", "c": "D", "d": "M"}


@pytest.mark.django_db
def test_what_is_stored_stays_and_authors_are_shared() -> None:
    repository = Factories.create_repo()
    author = Factories.create_commit_author(
        organization_id=repository.organization_id, name="Kept", email="a1@example.com"
    )
    known = Factories.create_commit(repository, key=f"{1:040x}", message="Kept")
    store_pushed(repository, [pushed(1), pushed(2), pushed(2)])
    known.refresh_from_db()
    assert known.message == "Kept"
    assert CommitAuthor.objects.get(pk=author.pk).name == "Kept"
    assert Commit.objects.count() == 2
    odd = CommitInfo(
        sha="f" * 65,
        message="",
        author=AuthorInfo(name="", email=""),
        committed_at=datetime.now(UTC),
    )
    nobody = CommitInfo(
        sha="f" * 40,
        message="",
        author=AuthorInfo(name="", email=""),
        committed_at=datetime.now(UTC),
    )
    store_pushed(repository, [PushedCommit(commit=odd), PushedCommit(commit=nobody)])
    assert Commit.objects.get(key="f" * 40).author_id is None
