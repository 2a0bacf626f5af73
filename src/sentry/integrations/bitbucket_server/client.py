"""Bitbucket Data Center's API as the platform uses it: a path, one call, a parse."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from urllib.parse import unquote

from sentry.integrations.bitbucket_server import parse
from sentry.integrations.bitbucket_server.commit_memo import Shelf
from sentry.integrations.bitbucket_server.endpoints import Endpoints
from sentry.integrations.bitbucket_server.identities import Identities
from sentry.integrations.bitbucket_server.names import (
    RepositoryName,
    in_repository,
    in_server,
    parse_identifier,
)
from sentry.integrations.bitbucket_server.parse_blame import (
    BinaryFile,
    BlamePage,
    parse_blame,
    parse_blame_alone,
)
from sentry.integrations.bitbucket_server.session import ServerSession, told_by
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CommitInfo,
    ComparisonInfo,
    CredentialCheck,
    FileChange,
    FileContent,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
    TreeEntry,
    TreeInfo,
)

_PER_PAGE = 1000  # the host's own cap is smaller for some lists, and it says where it went on
_MOST_PULLS = 100
_MOST_CHANGES = 3000
_READ = "REPO_READ"
_ALL = {"archived": "ALL"}  # by itself the host leaves them out
_BAD_REQUEST = frozenset({int(HTTPStatus.BAD_REQUEST)})
_ABSENT = frozenset({int(HTTPStatus.NOT_FOUND)})
_NO_COMMIT = frozenset({"NoSuchCommitException", "NoSuchChangesetException"})  # new, old servers
_RAW = {"accept": "*/*"}
_EVENTS: tuple[Json, ...] = (
    "repo:refs_changed",
    "repo:modified",
    "pr:opened",
    "pr:modified",
    "pr:from_ref_updated",
    "pr:merged",
    "pr:declined",
    "pr:deleted",
)


class BitbucketServerClient:
    """Calls to one server with one credential. Identifiers are "PROJ/slug".

    Every method raises what ``ServerSession.call`` raises, and InvalidArgument for an identifier
    or a path that cannot be one.
    """

    def __init__(
        self,
        session: HostSession,
        endpoints: Endpoints,
        *,
        identity: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes the session, where it leads, and the digest of the credential that it sends.

        ``clock`` gives monotonic seconds.
        """
        self._session = ServerSession(session)
        self._endpoints = endpoints
        self._identity = identity
        self._identities = Identities(
            self.get_repository, clock, api=endpoints.api, identity=identity
        )

    def current_name(self, repo: RepositoryRef, *, fresh: bool = False) -> RepositoryName:
        """What a repository is called now; the other methods take its identifier.

        The host is asked which repository the stored name means, unless it was in the last ten
        seconds; ``fresh`` asks in any case. One that is known by its name alone is not asked for.

        Raises:
            NotFound: there is none of that name.
            RepositoryReplaced: it is another one.
        """
        if not repo.external_id:
            return parse_identifier(repo.identifier)
        return parse_identifier(self._identities.current_name(repo, fresh=fresh))

    def shelf(self, identifier: str) -> Shelf:
        """What a repository's commits are remembered under."""
        return Shelf(api=self._endpoints.api, identity=self._identity, identifier=identifier)

    def check_credential(self) -> CredentialCheck:
        """Whose credential it is, which any answer's headers tell, and whether it may read.

        A credential that may read no repository is said to lack the permission.
        """
        query: dict[str, str | int] = {"permission": _READ, "limit": 1, **_ALL}
        answer = self._session.get(in_server("/repos"), resource="repositories", query=query)
        readable = parse.parse_page(answer.json()).values
        number = answer.headers.get("x-auserid", "")
        return CredentialCheck(
            account=unquote(answer.headers.get("x-ausername", "")) or "an unnamed account",
            missing=() if readable else (_READ,),
            identity=f"user-{number}" if re.fullmatch("[0-9]{1,19}", number) else "",
        )

    # --- repositories ------------------------------------------------------------------------

    def get_repositories(self, *, name: str = "") -> Iterator[RepositoryInfo]:
        """Every repository that the credential reaches, or those whose name fits, page by page."""
        query = {"name": name, **_ALL} if name else _ALL
        for page in self._session.pages(
            in_server("/repos"), resource="repositories", limit=_PER_PAGE, query=query
        ):
            for value in page.values:
                yield parse.parse_repository(value, self._endpoints)

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """One repository, with its default branch where the host tells it along."""
        where = in_repository(identifier, "")
        answer = self._session.get(where, resource="repository")
        return parse.parse_repository(answer.json(), self._endpoints)

    def get_default_branch(self, identifier: str) -> str | None:
        """The default branch; None where the one that is configured does not exist.

        Raises:
            NotFound: no such repository.
        """
        where = in_repository(identifier, "/default-branch")
        answer = self._session.get(where, resource="repository", passed=_ABSENT)
        if answer.status != HTTPStatus.NOT_FOUND:
            return parse.parse_default_branch(answer.json())
        if "NoSuchRepositoryException" in told_by(answer):
            raise NotFound("repository")
        # Some servers say so in other words; an absent repository is told by itself.
        self.get_repository(identifier)
        return None

    def get_branches(self, identifier: str, *, query: str) -> Iterator[BranchInfo]:
        """The branches whose names hold a text, page after page."""
        where = in_repository(identifier, "/branches")
        asked = {"filterText": query} if query else None
        for page in self._session.pages(where, resource="repository", limit=_PER_PAGE, query=asked):
            yield from parse.parse_branches(page.values)

    # --- commits -----------------------------------------------------------------------------

    def get_commit(self, identifier: str, sha: str) -> CommitInfo:
        """One commit by its id or an abbreviation.

        Raises:
            InvalidArgument: the abbreviation fits several commits.
        """
        where = in_repository(identifier, "/commits/{commit_id}", commit_id=sha)
        answer = self._session.get(where, resource="commit", passed=_BAD_REQUEST)
        if answer.status in _BAD_REQUEST:
            raise _no_commit(answer)
        return parse.parse_commit(answer.json(), self._page(identifier))

    def resolve_ref(self, identifier: str, ref: str) -> str:
        """The full id that a branch, a tag or an id names; "" is the default branch."""
        where = in_repository(identifier, "/commits")
        query: dict[str, str | int] = {"limit": 1, **({"until": ref} if ref else {})}
        answer = self._session.get(where, resource="ref", query=query, passed=_BAD_REQUEST)
        if answer.status in _BAD_REQUEST:
            raise NotFound("ref")
        found = parse.parse_commits(parse.parse_page(answer.json()).values, "")
        if not found:
            raise NotFound("ref")
        return found[0].sha

    def list_commits(
        self, identifier: str, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow."""
        where = in_repository(identifier, "/commits")
        query: dict[str, str | int] = {
            "until": sha,
            "start": (page - 1) * per_page,
            "limit": per_page,
            **({"path": path} if path else {}),
        }
        answer = self._session.get(where, resource="commit", query=query)
        found = parse.parse_page(answer.json())
        return parse.parse_commits(found.values, self._page(identifier)), not found.is_last

    def get_file_history(
        self, identifier: str, *, path: str, until: str
    ) -> Iterator[list[CommitInfo]]:
        """The commits that touched a file before commit ``until``, under its former names too.

        Page after page, newest first.
        """
        where = in_repository(identifier, "/commits")
        query = {"until": until, "path": path, "followRenames": "true"}
        for page in self._session.pages(where, resource="commit", limit=_PER_PAGE, query=query):
            yield parse.parse_commits(page.values, self._page(identifier))

    # --- what changed ------------------------------------------------------------------------

    def compare_commits(
        self, identifier: str, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """What ``head`` has that ``base`` has not; for the host, head is ``from``."""
        query = {"from": head, "to": base}
        where = in_repository(identifier, "/compare/commits")
        values: list[Json] = []
        for page in self._session.pages(
            where, resource="commit", limit=min(max_commits + 1, _PER_PAGE), query=query
        ):
            values += page.values
            if len(values) > max_commits:
                break
        files, files_truncated = self._changes(in_repository(identifier, "/compare/changes"), query)
        return ComparisonInfo(
            commits=tuple(parse.parse_commits(values[:max_commits], self._page(identifier))),
            files=files,
            commits_truncated=len(values) > max_commits,
            files_truncated=files_truncated,
        )

    def get_commit_changes(self, identifier: str, sha: str) -> tuple[FileChange, ...]:
        """What a commit changed against its first parent."""
        where = in_repository(identifier, "/commits/{commit_id}/changes", commit_id=sha)
        return self._changes(where, {"withComments": "false"})[0]

    def _changes(
        self, where: Route, query: Mapping[str, str | int]
    ) -> tuple[tuple[FileChange, ...], bool]:
        """Changed files, and whether there are more; a server ends the list at its own cap."""
        found: list[FileChange] = []
        for page in self._session.pages(where, resource="commit", limit=_PER_PAGE, query=query):
            found += parse.parse_changes(page.values)
            if page.is_last or len(found) >= _MOST_CHANGES:
                return tuple(found[:_MOST_CHANGES]), not page.is_last
        return tuple(found), True

    def get_pull_requests(self, identifier: str, sha: str) -> list[PullRequestInfo]:
        """The pull requests that hold a commit."""
        where = in_repository(identifier, "/commits/{commit_id}/pull-requests", commit_id=sha)
        found: list[PullRequestInfo] = []
        for page in self._session.pages(where, resource="commit", limit=_MOST_PULLS):
            found += parse.parse_pull_requests(page.values, self._page(identifier))
            if len(found) >= _MOST_PULLS:
                break
        return found[:_MOST_PULLS]

    # --- files -------------------------------------------------------------------------------

    def get_file(self, identifier: str, *, path: str, ref: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size, which is asked for where no header tells it.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
        """
        where = in_repository(identifier, "/raw/{+path}", path=path)
        answer = self._session.call(
            "GET",
            where,
            resource="file",
            query={"at": ref},
            headers=_RAW,
            passed=_BAD_REQUEST,
            read_at_most=max_bytes,
        )
        if answer.status in _BAD_REQUEST:  # what stands there is no file
            raise NotFound("file")
        body = answer.file_bytes()
        size = len(body)
        if answer.truncated:
            size = max(size, self._size_of(answer, identifier, path=path, ref=ref))
        return FileContent(path=path, commit_sha=ref, content=body[:max_bytes], size=size)

    def _size_of(self, answer: HostResponse, identifier: str, *, path: str, ref: str) -> int:
        told = answer.headers.get("content-length", "")
        if re.fullmatch("[0-9]{1,18}", told) and "content-encoding" not in answer.headers:
            return int(told)
        where = in_repository(identifier, "/browse/{+path}", path=path)
        size = self._session.get(where, resource="file", query={"at": ref, "size": "true"})
        return parse.parse_size(size.json())

    def get_tree(self, identifier: str, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """Every file below a folder; the host names them from that folder on, and nothing else."""
        where = in_repository(identifier, "/files")
        if path:
            where = in_repository(identifier, "/files/{+path}", path=path)
        found: list[str] = []
        try:
            for page in self._session.pages(
                where, resource="folder", limit=max_entries + 1, query={"at": sha}
            ):
                found += parse.parse_paths(page.values)
                if len(found) > max_entries:
                    break
        except HostRejected:  # 400: a file is no folder
            raise NotFound("folder") from None
        prefix = f"{path}/" if path else ""
        return TreeInfo(
            entries=tuple(TreeEntry(path=f"{prefix}{name}") for name in found[:max_entries]),
            truncated=len(found) > max_entries,
        )

    def get_blame(
        self, identifier: str, *, path: str, ref: str, first: int, count: int
    ) -> BlamePage:
        """``count`` lines from number ``first`` (from 1) on, with their blame, or fewer.

        One request; a further one for a binary file, which has no text.

        Raises:
            NotFound: no such commit or file.
        """
        query: dict[str, str | int] = {
            "at": ref,
            "blame": "true",
            "start": first - 1,
            "limit": count,
        }
        where = in_repository(identifier, "/browse/{+path}", path=path)
        passed = _BAD_REQUEST | _ABSENT
        answer = self._session.get(where, resource="file", query=query, passed=passed)
        if answer.status in passed:
            raise NotFound("file" if _NO_COMMIT.isdisjoint(told_by(answer)) else "commit")
        page = parse_blame(answer.json())
        if page is None:
            raise NotFound("file")
        if isinstance(page, BinaryFile):
            query["noContent"] = "true"
            page = parse_blame_alone(self._session.get(where, resource="file", query=query).json())
        return page

    # --- webhooks ----------------------------------------------------------------------------

    def register_webhook(self, identifier: str, *, url: str, secret: str) -> str:
        """Registers a webhook, or brings the one with this URL up to date; answers its id."""
        where = in_repository(identifier, "/webhooks")
        body: Json = {
            "name": "sentry",
            "url": url,
            "active": True,
            "events": list(_EVENTS),
            "configuration": {"secret": secret},
            "sslVerificationRequired": True,
        }
        known = self._find_hook(where, url)
        if known is None:
            answer = self._session.call("POST", where, resource="repository", json=body)
            return parse.parse_hook(answer.json()).id
        where = self._hook(identifier, known)
        self._session.call("PUT", where, resource="webhook", json=body, repeatable=True)
        return known

    def _find_hook(self, where: Route, url: str) -> str | None:
        """The webhook with this URL that was registered first."""
        for page in self._session.pages(where, resource="repository", limit=_PER_PAGE):
            for hook in parse.parse_hooks(page.values):
                if hook.url == url:
                    return hook.id
        return None

    def unregister_webhook(self, identifier: str, webhook_id: str) -> None:
        """Removes a webhook; one that is gone is no error."""
        where = self._hook(identifier, webhook_id)
        try:
            self._session.call("DELETE", where, resource="webhook", repeatable=True)
        except NotFound:
            return

    def _hook(self, identifier: str, webhook_id: str) -> Route:
        return in_repository(identifier, "/webhooks/{webhook_id}", webhook_id=webhook_id)

    # --- paths -------------------------------------------------------------------------------

    def _page(self, identifier: str) -> str:
        return self._endpoints.page(parse_identifier(identifier))


def _no_commit(answer: HostResponse) -> ScmError:
    """Why the host takes no such id."""
    if any("ambiguous" in text.lower() for text in told_by(answer)):
        return InvalidArgument("commit_sha", "fits several commits")
    return NotFound("commit")
