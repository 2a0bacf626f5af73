"""Azure DevOps' API as the platform uses it: a path, one call, a parse."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.types import (
    CommitInfo,
    CredentialCheck,
    FileContent,
    RepositoryRef,
)
from sentry.integrations.source_code_management.validation import is_full_sha
from sentry.integrations.vsts import parse
from sentry.integrations.vsts.api import NOT_FOUND, REFUSED, Query, VstsApi, type_key
from sentry.integrations.vsts.endpoints import Endpoints
from sentry.integrations.vsts.hooks import VstsHooks
from sentry.integrations.vsts.issues import VstsIssues
from sentry.integrations.vsts.names import in_repository
from sentry.integrations.vsts.reads import VstsReads
from sentry.integrations.vsts.repositories import VstsRepositories

_PREVIEW = "7.1-preview.1"
_ABBREVIATION = re.compile(r"[0-9a-fA-F]{4,39}")
_SHA_LENGTH = 40
_SCANNED, _SCANS = 1000, 10
_MOST_COMPLETED = 100  # a page of a history is no longer
_ABSENT_ITEM = "GitItemNotFoundException"
_NO_FILE = "GitUnexpectedObjectTypeException"
_OCTETS = "application/octet-stream"

# No project has this id. A token's scope is judged by the address alone, before its project.
_NO_PROJECT = "00000000-0000-0000-0000-000000000000"


class VstsClient:
    """Calls to one organization with one credential. Identifiers are "project/repository".

    Repositories go by their ids where those are known, and so do projects (see ``names``).

    Every method raises what ``HostSession.request`` raises, and InvalidArgument for an identifier
    or a path that cannot be one.
    """

    def __init__(self, api: VstsApi, search: VstsApi, endpoints: Endpoints) -> None:
        """Takes the services' two addresses."""
        self._api = api
        self.repositories = VstsRepositories(api)
        self.reads = VstsReads(api, search, endpoints, self.repositories)
        self.issues = VstsIssues(api, endpoints)
        self.hooks = VstsHooks(api)

    # --- the credential ----------------------------------------------------------------------

    def check_credential(self) -> CredentialCheck:
        """Whose credential it is; the host does not tell its permissions, so reads are tried."""
        answer = self._api.get(
            route("/_apis/connectionData"), resource="organization", version=_PREVIEW
        )
        account = parse.parse_account(answer.json())
        if account.is_anonymous:
            raise IntegrationBroken
        missing = tuple(self._missing())
        return CredentialCheck(account=account.name, missing=missing, identity=account.identity)

    def _missing(self) -> Iterator[str]:
        """The scopes, by the names that the host's pages give them, whose reads are refused."""
        projects: list[str] = []
        try:
            first = self._api.get(
                route("/_apis/projects"), resource="organization", query={"$top": 1}
            )
            projects = parse.parse_projects(first.json())
        except HostForbidden:
            yield "Project and Team (Read)"
        project = projects[0] if projects else _NO_PROJECT
        if _is_refused(partial(self.repositories.list_project, project)):
            yield "Code (Read)"
        if _is_refused(partial(self.issues.search, RepositoryRef(identifier=project), "")):
            yield "Work Items (Read & write)"

    # --- commits -----------------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """The commit of a whole id, or of an abbreviation; see ``_find_abbreviated``.

        Raises:
            NotFound: there is none.
            InvalidArgument: the abbreviation fits several commits, or cannot be resolved here.
        """
        sha = sha.lower()
        if len(sha) > _SHA_LENGTH or not set(sha) <= set("0123456789abcdef"):
            raise NotFound("commit")
        if not is_full_sha(sha):
            sha = self._find_abbreviated(repo, sha)
        where = in_repository(repo, "/commits/{sha}", sha=sha)
        return parse.parse_commit(self._api.get(where, resource="commit").json())

    def _find_abbreviated(
        self, repo: RepositoryRef, prefix: str, *, field: str = "commit_sha"
    ) -> str:
        """The id that begins so, among the newest 10,000 commits of the default branch.

        Azure DevOps resolves no abbreviations. What is not found there may still exist, if only on
        another branch; the error says so, of the field that is named.
        """
        found: list[str] = []
        for scan in range(_SCANS):
            query: Query = {
                "searchCriteria.$top": _SCANNED,
                "searchCriteria.$skip": scan * _SCANNED,
            }
            page = parse.parse_commits(self._commits(repo, query, resource="commit").json())
            found += [each.commit.sha for each in page if each.commit.sha.startswith(prefix)]
            if len(found) > 1:
                raise InvalidArgument(field, "fits several commits")
            if len(page) < _SCANNED:
                break
        if not found:
            raise InvalidArgument(
                field,
                f"{'names no branch and no tag, and ' if field == 'ref' else ''}"
                "fits none of the newest 10,000 commits of the default branch, and this host"
                " resolves no abbreviations: give all 40 digits",
            )
        return found[0]

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """The id of the commit that a branch, a tag or an id names; "" is the default branch."""
        if not ref:
            tip = self._tip(repo, {})
        elif is_full_sha(ref.lower()):
            return self.get_commit(repo, ref).sha
        elif ref.startswith("refs/tags/"):
            tip = self._tip(repo, _version("tag", ref.removeprefix("refs/tags/")))
        elif ref.startswith("refs/heads/"):
            tip = self._tip(repo, _version("branch", ref.removeprefix("refs/heads/")))
        else:
            tip = self._tip(repo, _version("branch", ref)) or self._tip(repo, _version("tag", ref))
        if tip is None and _ABBREVIATION.fullmatch(ref):
            with suppress(NotFound):
                return self._find_abbreviated(repo, ref.lower(), field="ref")
        if tip is None:
            raise NotFound("ref")
        return tip

    def _tip(self, repo: RepositoryRef, version: Query) -> str | None:
        query = {"searchCriteria.$top": 1, **version}
        try:
            answer = self._commits(repo, query, resource="ref")
        except NotFound:
            return None
        commits = parse.parse_commits(answer.json())
        return commits[0].commit.sha if commits else None

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow: one is asked for beyond."""
        query: dict[str, str | int] = {
            "searchCriteria.$skip": (page - 1) * per_page,
            "searchCriteria.$top": per_page + 1,
            **_version("commit", sha),
        }
        if path:
            query["searchCriteria.itemPath"] = parse.item_path(path)
        answer = self._commits(repo, query, resource="commit", passed=NOT_FOUND)
        if answer.status == HTTPStatus.NOT_FOUND:
            if path and type_key(answer) == _ABSENT_ITEM:
                return [], False
            raise NotFound("commit")
        listed = parse.parse_commits(answer.json())
        return self.whole(repo, listed[:per_page]), len(listed) > per_page

    def _commits(
        self,
        repo: RepositoryRef,
        query: Query,
        *,
        resource: str,
        passed: frozenset[int] = frozenset(),
    ) -> HostResponse:
        where = in_repository(repo, "/commits")
        return self._api.get(where, resource=resource, query=query, passed=passed)

    def whole(self, repo: RepositoryRef, listed: Iterable[parse.ListedCommit]) -> list[CommitInfo]:
        """Commits with their whole messages: those that the host cut are asked for one by one.

        The host has no other way, so that only the first 100 are; what comes after keeps its
        message's first line.
        """
        found: list[CommitInfo] = []
        left = _MOST_COMPLETED
        for each in listed:
            is_asked = each.is_cut and left > 0
            left -= is_asked
            found.append(self.get_commit(repo, each.commit.sha) if is_asked else each.commit)
        return found

    # --- files -------------------------------------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size, which the answer's own length tells.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
        """
        where = in_repository(repo, "/items")
        query = _item(path, sha)
        answer = self._api.get(
            where,
            resource="file",
            query={**query, "$format": "octetStream"},
            passed=REFUSED,
            read_at_most=max_bytes,
        )
        if answer.status == HTTPStatus.BAD_REQUEST:
            if type_key(answer) == _NO_FILE:
                raise NotFound("file")
            raise HostRejected("the host rejected the request with the status 400", status=400)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind != _OCTETS:
            raise HostUnavailable("the host answered with something other than the file")
        size = len(answer.body)
        if answer.truncated:
            told = answer.headers.get("content-length", "")
            size = int(told) if told.isdecimal() else self._size(repo, query)
        return FileContent(
            path=path, commit_sha=sha, content=answer.body, size=max(size, len(answer.body))
        )

    def _size(self, repo: RepositoryRef, query: Query) -> int:
        """The size of a file whose answer came without a length."""
        item = self._api.get(in_repository(repo, "/items"), resource="file", query=query)
        where = in_repository(repo, "/blobs/{sha}", sha=parse.parse_object_id(item.json()))
        answer = self._api.get(where, resource="file", query={"$format": "json"})
        return parse.parse_blob_size(answer.json())


def _is_refused(read: Callable[[], object]) -> bool:
    """Whether the credential lacks the permission for a read; what is absent may be read."""
    try:
        read()
    except HostForbidden:
        return True
    except NotFound:
        return False
    return False


def _version(kind: str, version: str) -> dict[str, str | int]:
    return {
        "searchCriteria.itemVersion.versionType": kind,
        "searchCriteria.itemVersion.version": version,
    }


def _item(path: str, sha: str) -> dict[str, str | int]:
    return {
        "path": parse.item_path(path),
        "versionDescriptor.versionType": "commit",
        "versionDescriptor.version": sha,
    }
