"""Commits in bulk, with their authors and the files that they changed.

The number of statements does not depend on how many commits a page has. Everything may be stored
again: what is there stays.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import batched

from django.db import IntegrityError, transaction

from sentry import options
from sentry.db.models import new_region_id
from sentry.integrations.source_code_management.types import AuthorInfo, ChangeKind, FileChange
from sentry.integrations.source_code_management.webhooks import PushedCommit
from sentry.models.commit import Commit
from sentry.models.commitauthor import CommitAuthor
from sentry.models.commitfilechange import ChangeType, CommitFileChange
from sentry.models.repository import Repository

PAGE = 100
LONGEST_PATH = 512
_ATTEMPTS = 5
_MAX_NAME = 128
_MAX_EMAIL = 200
_MAX_EXTERNAL_ID = 164
_MAX_SHA = 64
_TYPES = {
    ChangeKind.ADDED: ChangeType.ADDED,
    ChangeKind.MODIFIED: ChangeType.MODIFIED,
    ChangeKind.REMOVED: ChangeType.REMOVED,
    ChangeKind.RENAMED: ChangeType.ADDED,
}


def store_pushed(repository: Repository, commits: Iterable[PushedCommit]) -> int:
    """Stores commits of a repository page by page; how many they were.

    Their changed files too, where they are known: at most ``webhooks.files-per-commit`` of each,
    and none whose path has more than 512 characters. A move counts as a removal and an addition.
    """
    count = 0
    for page in batched(commits, PAGE, strict=False):
        wanted = {each.commit.sha: each for each in page if 0 < len(each.commit.sha) <= _MAX_SHA}
        count += len(wanted)
        _again_on_conflict(partial(_store_page, repository, wanted))
    return count


def without_changes(repository: Repository, shas: Iterable[str]) -> list[str]:
    """Those of the commits, in their order, of which no changed file is stored."""
    wanted = list(shas)
    known: set[str] = set()
    for page in batched(wanted, PAGE, strict=False):
        rows = CommitFileChange.objects.filter(
            commit__organization_id=repository.organization_id,
            commit__repository_id=repository.id,
            commit__key__in=page,
        )
        known.update(rows.values_list("commit__key", flat=True).distinct())
    return [sha for sha in wanted if sha not in known]


def stored_shas(repository: Repository, shas: Iterable[str]) -> set[str]:
    """Those of the commits that are stored."""
    return set(_commit_ids(repository, list(shas)))


def _again_on_conflict(store: Callable[[], None]) -> None:
    """Runs what reads and then writes; anew where another process has just written the same."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(IntegrityError), transaction.atomic():
            return store()
    with transaction.atomic():
        return store()


def _store_page(repository: Repository, wanted: Mapping[str, PushedCommit]) -> None:
    authors = store_authors(
        repository.organization_id, (each.commit.author for each in wanted.values())
    )
    known = _commit_ids(repository, wanted)
    missing = [each for sha, each in wanted.items() if sha not in known]
    if missing:
        Commit.objects.bulk_create(
            [_commit_row(repository, each, authors) for each in missing],
            update_conflicts=True,  # and not ignore_conflicts, which would lose a row to a taken id
            unique_fields=["repository", "key"],
            update_fields=["key"],
        )
        known = _commit_ids(repository, wanted)
    _store_changes(repository, wanted, known)


def _commit_ids(repository: Repository, shas: Iterable[str]) -> dict[str, int]:
    rows = Commit.objects.filter(
        organization_id=repository.organization_id,
        repository_id=repository.id,
        key__in=list(shas),
    )
    return dict(rows.values_list("key", "id"))


def _commit_row(repository: Repository, pushed: PushedCommit, authors: Mapping[str, int]) -> Commit:
    info = pushed.commit
    return Commit(
        id=new_region_id(),
        organization_id=repository.organization_id,
        repository_id=repository.id,
        key=info.sha,
        message=info.message,
        author_id=authors.get(_address(info.author)),
        author_name=info.author.name,
        author_email=info.author.email,
        date_added=info.committed_at,
    )


def _store_changes(
    repository: Repository, wanted: Mapping[str, PushedCommit], ids: Mapping[str, int]
) -> None:
    most = options.get_int("webhooks.files-per-commit")
    rows = [
        CommitFileChange(
            id=new_region_id(),
            organization_id=repository.organization_id,
            commit_id=ids[sha],
            filename=path,
            type=kind,
        )
        for sha, each in wanted.items()
        for path, kind in list(_types_by_path(each.changes or ()).items())[:most]
    ]
    if rows:
        CommitFileChange.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["commit", "filename"],
            update_fields=["type"],
        )


def _types_by_path(changes: Iterable[FileChange]) -> dict[str, ChangeType]:
    """What happened to each path. Where a path is both left and taken, it was changed."""
    found: dict[str, ChangeType] = {}
    for path, kind in _types(changes):
        if 0 < len(path) <= LONGEST_PATH:
            found[path] = kind if found.get(path, kind) == kind else ChangeType.MODIFIED
    return found


def _types(changes: Iterable[FileChange]) -> Iterator[tuple[str, ChangeType]]:
    for change in changes:
        if change.kind is ChangeKind.RENAMED and change.previous_path:
            yield change.previous_path, ChangeType.REMOVED
        yield change.path, _TYPES[change.kind]


# --- authors -----------------------------------------------------------------------------------


def _address(author: AuthorInfo) -> str:
    return author.email.lower()[:_MAX_EMAIL]


def store_authors(organization_id: int, authors: Iterable[AuthorInfo]) -> dict[str, int]:
    """The ids of the authors' rows by their addresses in lower case; missing rows are made.

    An author without an address has none. Inside a transaction that is run again on a conflict.
    """
    wanted = {address: author for author in authors if (address := _address(author))}
    known = _author_ids(organization_id, wanted)
    missing = {address: wanted[address] for address in wanted if address not in known}
    if not missing:
        return known
    taken = _taken_accounts(organization_id, missing.values())
    CommitAuthor.objects.bulk_create(
        _author_rows(organization_id, missing, taken),
        update_conflicts=True,
        unique_fields=["organization", "email"],
        update_fields=["email"],
    )
    return _author_ids(organization_id, wanted)


def _author_ids(organization_id: int, addresses: Iterable[str]) -> dict[str, int]:
    rows = CommitAuthor.objects.filter(organization_id=organization_id, email__in=list(addresses))
    return dict(rows.values_list("email", "id"))


def author_of_account(organization_id: int, external_id: str) -> int | None:
    """The id of the author whom the organization knows by an account ("github:login")."""
    if not external_id:
        return None
    rows = CommitAuthor.objects.filter(
        organization_id=organization_id, external_id=external_id[:_MAX_EXTERNAL_ID]
    )
    return rows.values_list("id", flat=True).first()


def _taken_accounts(organization_id: int, authors: Iterable[AuthorInfo]) -> set[str]:
    """The accounts that are known under other addresses."""
    accounts = {author.external_id[:_MAX_EXTERNAL_ID] for author in authors} - {""}
    rows = CommitAuthor.objects.filter(
        organization_id=organization_id, external_id__in=list(accounts)
    )
    return {account for account in rows.values_list("external_id", flat=True) if account}


def _author_rows(
    organization_id: int, missing: Mapping[str, AuthorInfo], taken: Iterable[str]
) -> list[CommitAuthor]:
    """The new rows. An account goes to the first of its addresses, where it is not taken."""
    used = {*taken, ""}
    rows = []
    for address, author in missing.items():
        account = author.external_id[:_MAX_EXTERNAL_ID]
        rows.append(
            CommitAuthor(
                id=new_region_id(),
                organization_id=organization_id,
                email=address,
                name=author.name[:_MAX_NAME],
                external_id=None if account in used else account,
            )
        )
        used.add(account)
    return rows
