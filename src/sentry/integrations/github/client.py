"""GitHub's API as the platform uses it: a path, one call, a parse."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from http import HTTPStatus
from math import ceil

from sentry.integrations.github import parse
from sentry.integrations.github.blame import FILES_PER_QUERY, blame_in_batches
from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.hooks import GitHubHooks
from sentry.integrations.github.issues import GitHubIssues
from sentry.integrations.github.parse_blame import (
    BlameAnswer,
    BlamedFile,
    BlameTarget,
    TooHeavy,
    blame_query,
    blame_variables,
    parse_blame,
)
from sentry.integrations.github.parse_credential import parse_user
from sentry.integrations.github.reads import GitHubReads
from sentry.integrations.source_code_management.errors import (
    HostRateLimited,
    HostUnavailable,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.lines import decode_text
from sentry.integrations.source_code_management.types import (
    CommitInfo,
    CredentialCheck,
    FileContent,
    RepositoryInfo,
)

_PER_PAGE = 100
_ISSUE_PAGES = 10
_RAW = {"accept": "application/vnd.github.raw+json"}
_CONFLICT, _INVALID = HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
# A commit that is not there is a 422; an empty repository, which has none, a 409.
_NO_COMMIT = frozenset({int(_CONFLICT), int(_INVALID)})
_FIRST_ERROR = 400
# The gateway's answers for a query that ran into GitHub's ten seconds.
_GAVE_UP = frozenset({int(HTTPStatus.BAD_GATEWAY), int(HTTPStatus.GATEWAY_TIMEOUT)})
_CLOCK_DRIFT = timedelta(minutes=5)  # between GitHub's clock and ours


class GitHubClient:
    """Calls to one GitHub with one credential. Identifiers are "owner/name".

    Every method raises what ``HostSession.request`` raises, and InvalidArgument for an identifier
    or a path that cannot be one.
    """

    def __init__(self, session: HostSession, endpoints: Endpoints, *, is_app: bool) -> None:
        """Takes the session; ``is_app`` says that the credential is an App's installation.

        ``reads``, ``issues`` and ``hooks`` are further calls over the same session.
        """
        self._session = session
        self._endpoints = endpoints
        self._is_app = is_app
        self.reads = GitHubReads(session, self._in_repository)
        self.issues = GitHubIssues(session, self._in_repository)
        self.hooks = GitHubHooks(session, self._in_repository)

    def check_credential(self) -> CredentialCheck:
        """Whose token it is, and the scopes it lacks; an App's is ``InstallationAuth.check``."""
        answer = self._session.get_json(route("/user"), resource="user")
        return parse_user(answer.json(), answer.headers)

    # --- repositories ------------------------------------------------------------------------

    def get_repositories(self) -> Iterator[RepositoryInfo]:
        """Every repository that the credential reaches, page after page."""
        where = route("/installation/repositories" if self._is_app else "/user/repos")
        for page in self._session.pages(
            where, resource="repositories", query={"per_page": _PER_PAGE}, whole=True
        ):
            yield from parse.parse_repositories(page.json())

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """One repository."""
        where = self._in_repository(identifier, "")
        return parse.parse_repository(self._session.get_json(where, resource="repository").json())

    # --- commits -----------------------------------------------------------------------------

    def get_commit(self, identifier: str, ref: str, *, resource: str = "commit") -> CommitInfo:
        """The commit that a branch, a tag, an id or an abbreviation names.

        Raises:
            NotFound: there is none; ``resource`` is what it names.
            InvalidArgument: the abbreviation fits several commits.
        """
        where = self._in_repository(identifier, "/commits/{ref}", ref=ref)
        # A page of one file keeps the answer small; the diff is not wanted.
        answer = self._session.get_json(
            where, resource=resource, query={"per_page": 1}, passed=_NO_COMMIT
        )
        if answer.status >= _FIRST_ERROR:
            raise _no_commit(answer, resource)
        return parse.parse_commit(answer.json())

    def list_commits(
        self, identifier: str, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow."""
        where = self._in_repository(identifier, "/commits")
        query: dict[str, str | int] = {"sha": sha, "page": page, "per_page": per_page}
        if path:
            query["path"] = path
        answer = self._session.get_json(
            where, resource="commit", query=query, passed=frozenset({int(_CONFLICT)})
        )
        if answer.status == _CONFLICT:
            return [], False
        return parse.parse_commits(answer.json()), self._session.has_next_page(answer)

    # --- files -------------------------------------------------------------------------------

    def get_file(self, identifier: str, *, path: str, ref: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size.

        One request up to 1 MB; beyond that GitHub's JSON has no content, and the raw file is read
        as far as wanted.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
        """
        where = self._in_repository(identifier, "/contents/{+path}", path=path)
        answer = self._session.get_json(where, resource="file", query={"ref": ref})
        entry = parse.parse_file_entry(answer.json())
        if entry is None:
            raise NotFound("file")
        content = entry.content
        if content is None or len(content) != entry.size:
            content = self._get_raw(where, ref, max_bytes)
        size = max(entry.size, len(content))
        return FileContent(path=path, commit_sha=ref, content=content[:max_bytes], size=size)

    def get_text(self, identifier: str, *, path: str, ref: str, max_bytes: int) -> str:
        """The first bytes of a file as text."""
        where = self._in_repository(identifier, "/contents/{+path}", path=path)
        return decode_text(self._get_raw(where, ref, max_bytes))

    def _get_raw(self, where: Route, ref: str, max_bytes: int) -> bytes:
        answer = self._session.request(
            "GET",
            where,
            resource="file",
            query={"ref": ref},
            headers=_RAW,
            read_at_most=max_bytes,
        )
        return answer.body

    def get_blame(
        self, identifier: str, targets: Sequence[BlameTarget]
    ) -> list[BlamedFile | ScmError]:
        """The blame of many files, each answer at its place."""
        repo = parse.parse_identifier(identifier)
        queries = ceil(len(targets) / FILES_PER_QUERY)
        self._session.expect(self._endpoints.graphql, requests=queries)
        return blame_in_batches(targets, lambda part: self._ask_blame(repo, part))

    def _ask_blame(
        self, repo: parse.RepositoryName, targets: Sequence[BlameTarget]
    ) -> list[BlameAnswer]:
        body: Json = {
            "query": blame_query(len(targets)),
            "variables": blame_variables(repo.owner, repo.name, targets),
        }
        try:
            answer = self._session.request(
                "POST",
                self._endpoints.graphql,
                resource="repository",
                json=body,
                repeatable=True,
                # To ask the same again would take as long; a single file has no smaller question.
                passed=_GAVE_UP if len(targets) > 1 else frozenset(),
                harmless=_GAVE_UP,
            )
        except HostUnavailable as error:
            if error.status in _GAVE_UP:
                return [TooHeavy()]
            raise
        if answer.status in _GAVE_UP:
            return [TooHeavy()] * len(targets)
        try:
            return parse_blame(answer.json(), len(targets))
        except HostRateLimited:
            raise self._session.limited(answer) from None

    # --- paths -------------------------------------------------------------------------------

    def _in_repository(self, identifier: str, rest: str, **values: str | int) -> Route:
        repo = parse.parse_identifier(identifier)
        return route("/repos/{owner}/{name}" + rest, owner=repo.owner, name=repo.name, **values)


def _no_commit(answer: HostResponse, resource: str) -> ScmError:
    """Why GitHub knows no commit of this name."""
    if answer.status == _INVALID and "ambiguous" in parse.parse_message(answer.json()).lower():
        return InvalidArgument("commit_sha", "fits several commits")
    return NotFound(resource)
