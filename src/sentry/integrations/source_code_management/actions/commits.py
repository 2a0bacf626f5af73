"""Commits: read from the database first, then from the host."""

from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from sentry.auth.caller import Caller
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.refs import as_hosts_take_it
from sentry.integrations.source_code_management.actions.rows import find_repository, to_commit
from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.repository import CommitIntegration
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    Capability,
    Commit,
    CommitInfo,
    Page,
    Repository,
)
from sentry.integrations.source_code_management.validation import (
    clean_page_size,
    clean_path,
    clean_ref,
    clean_sha,
    is_full_sha,
)
from sentry.models.commit import Commit as CommitRow
from sentry.models.commitauthor import CommitAuthor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOST_PAGE = 30
_MAX_HOST_PAGE = 100
_STORED_PAGE = 100
_MAX_NAME = 128
_MAX_EMAIL = 200
_MAX_EXTERNAL_ID = 164


def get_commit(caller: Caller, *, repository_id: int, commit_sha: str) -> Commit:
    """One commit: the stored one, else the host's, which is then stored.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        commit_sha: 4 to 64 hex digits; an abbreviation is looked up among stored commits first.

    Raises:
        InvalidArgument: no sha, or one that fits several commits.
        NotFound: no such repository or commit.
        PreconditionFailed, HostError, Unsupported: the host had to be asked and could not be.
    """
    sha = clean_sha("commit_sha", commit_sha)
    repository = find_repository(caller, repository_id)
    stored = find_stored_commit(repository, sha)
    if stored is not None:
        return stored
    installation = installation_of_repository(caller, repository)
    host = require(installation, CommitIntegration, Capability.COMMITS)
    info = host.get_commit(ref_of(repository), sha)
    return store_commit(repository, info)


def list_commits(
    caller: Caller,
    *,
    repository_id: int,
    ref: str = "",
    path: str = "",
    page_size: int = 0,
    page_token: str = "",
) -> Page[Commit]:
    """The history of a ref, newest first, as the host tells it; nothing is stored.

    The first page pins the ref to a commit, so that later pages continue the same history.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        ref: a branch, tag or sha; "" for the default branch.
        path: only commits that touch this file or folder; "" for all.
        page_size: 0 for 30; at most 100.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: no such repository or ref.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_ref("ref", ref)
    path = clean_path("path", path, required=False)
    size = clean_page_size(page_size, default=_HOST_PAGE, most=_MAX_HOST_PAGE)
    repository = find_repository(caller, repository_id)
    bound = ("commits", repository.organization_id, repository_id, ref, path, size)
    after = decode_page_token(bound, page_token)
    installation = installation_of_repository(caller, repository)
    host = require(installation, CommitIntegration, Capability.COMMITS)
    repo = ref_of(repository)
    if after is None:
        sha, page = host.resolve_ref(repo, as_hosts_take_it(ref)), 1
    else:
        sha, page = str(after[0]), int(after[1])
    infos, more = host.list_commits(repo, sha=sha, path=path, page=page, per_page=size)
    return Page(
        items=tuple(unstored(repository, info) for info in infos),
        next_token=encode_page_token(bound, [sha, page + 1]) if more else "",
    )


def list_stored_commits(
    caller: Caller, *, repository_id: int, page_size: int = 0, page_token: str = ""
) -> Page[Commit]:
    """The stored commits of a repository, newest first. No host is asked.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: no such repository.
    """
    size = clean_page_size(page_size, default=_STORED_PAGE, most=_STORED_PAGE)
    repository = find_repository(caller, repository_id)
    bound = ("stored-commits", repository.organization_id, repository_id)
    after = decode_page_token(bound, page_token)
    rows = CommitRow.objects.filter(
        repository_id=repository.id, organization_id=repository.organization_id
    ).select_related("author")
    if after is not None:
        time = _EPOCH + timedelta(microseconds=int(after[0]))
        older = Q(date_added__lt=time) | Q(date_added=time, id__lt=after[1])
        rows = rows.filter(older, date_added__lte=time)
    found = list(rows.order_by("-date_added", "-id")[: size + 1])
    token = ""
    if len(found) > size:
        last = found[size - 1]
        token = encode_page_token(bound, [_microseconds(last.date_added), last.id])
    return Page(
        items=tuple(to_commit(row, commit_url(repository, row.key)) for row in found[:size]),
        next_token=token,
    )


def find_stored_commit(repository: Repository, sha: str) -> Commit | None:
    """The stored commit that a cleaned sha names, whole or abbreviated; None without one.

    Raises:
        InvalidArgument: the abbreviation fits several stored commits.
    """
    rows = CommitRow.objects.filter(
        repository_id=repository.id, organization_id=repository.organization_id
    ).select_related("author")
    if is_full_sha(sha):
        rows = rows.filter(key=sha)
    else:
        # "g" comes after every hex digit: the range is the prefix, answered by the key's index
        rows = rows.filter(key__gte=sha, key__lt=sha + "g").order_by("key")
    found = list(rows[:2])
    if len(found) > 1:
        raise InvalidArgument("commit_sha", "fits several commits; give more digits")
    return to_commit(found[0], commit_url(repository, found[0].key)) if found else None


def resolve_sha(host: CommitIntegration, repository: Repository, sha: str) -> str:
    """The full id of the commit that a cleaned sha names: stored commits first, then the host.

    Raises:
        InvalidArgument: it fits several commits.
        NotFound: it fits none.
    """
    if is_full_sha(sha):
        return sha
    stored = find_stored_commit(repository, sha)
    return stored.sha if stored else host.get_commit(ref_of(repository), sha).sha


def commit_url(repository: Repository, sha: str) -> str:
    """The commit's page on its host; "" where the provider or the repository's page is unknown."""
    provider = integrations.find(repository.provider) if repository.provider else None
    if provider is None or not repository.url:
        return ""
    return provider.commit_url_format.format(url=repository.url, sha=sha)


def unstored(repository: Repository, info: CommitInfo) -> Commit:
    """A host's commit as the domain's value, without a row."""
    return Commit(
        id=None,
        repository_id=repository.id,
        sha=info.sha,
        message=info.message,
        author=info.author,
        committed_at=info.committed_at,
        web_url=info.web_url or commit_url(repository, info.sha),
    )


def store_commit(repository: Repository, info: CommitInfo) -> Commit:
    """Stores a host's commit and its author; a stored one stays as it is.

    The answer is what was stored, so that the first caller reads what every later one will.
    """
    author = _store_author(repository.organization_id, info.author)
    row, _ = CommitRow.objects.get_or_create(
        repository_id=repository.id,
        key=info.sha,
        defaults={
            "organization_id": repository.organization_id,
            "message": info.message,
            "author": author,
            "author_name": info.author.name,
            "author_email": info.author.email,
            "date_added": info.committed_at,
        },
    )
    return to_commit(row, commit_url(repository, row.key))


def _store_author(organization_id: int, info: AuthorInfo) -> CommitAuthor | None:
    """The row of an author, by e-mail address; None for one without an address."""
    email = info.email.lower()[:_MAX_EMAIL]
    if not email:
        return None
    mine = CommitAuthor.objects.filter(organization_id=organization_id)
    row = mine.filter(email=email).first()
    if row is not None:
        return row
    external_id = info.external_id[:_MAX_EXTERNAL_ID] or None
    if external_id and mine.filter(external_id=external_id).exists():
        external_id = None  # the account is known under another address
    fields = {"name": info.name[:_MAX_NAME], "external_id": external_id}
    try:
        with transaction.atomic():
            return mine.create(organization_id=organization_id, email=email, **fields)
    except IntegrityError:
        # another thread has just stored the address, or the account under another address
        fields["external_id"] = None
        row, _ = mine.get_or_create(organization_id=organization_id, email=email, defaults=fields)
        return row


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)
