"""GitHub's API as the platform uses it: a path, one call, a parse."""

from collections.abc import Mapping
from http import HTTPStatus

from sentry.integrations.github import parse
from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.graphql import GitHubGraphQL
from sentry.integrations.github.hooks import GitHubHooks
from sentry.integrations.github.issues import GitHubIssues
from sentry.integrations.github.names import in_repository
from sentry.integrations.github.parse_credential import parse_user
from sentry.integrations.github.reads import GitHubReads
from sentry.integrations.github.repositories import GitHubRepositories
from sentry.integrations.source_code_management.errors import (
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.lines import decode_text
from sentry.integrations.source_code_management.types import (
    CommitInfo,
    CredentialCheck,
    FileContent,
    RepositoryRef,
)

_RAW = {"accept": "application/vnd.github.raw+json"}
_CONFLICT, _INVALID = HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
# A commit that is not there is a 422; an empty repository, which has none, a 409.
_NO_COMMIT = frozenset({int(_CONFLICT), int(_INVALID)})
_FIRST_ERROR = 400
_LONGEST_LINK = 4096  # bytes; no system takes a longer path


class GitHubClient:
    """Calls to one GitHub with one credential.

    Every method raises what ``HostSession.request`` raises, and InvalidArgument for a name or a
    path that cannot be one.
    """

    def __init__(self, session: HostSession, endpoints: Endpoints, *, is_app: bool) -> None:
        """Takes the session; ``is_app`` says that the credential is an App's installation.

        ``repositories``, ``graphql``, ``reads``, ``issues`` and ``hooks`` are further calls over
        the same session.
        """
        self._session = session
        self.repositories = GitHubRepositories(session, is_app=is_app)
        self.graphql = GitHubGraphQL(session, endpoints, self.repositories)
        self.reads = GitHubReads(session, self.repositories)
        self.issues = GitHubIssues(session, self.repositories)
        self.hooks = GitHubHooks(session)

    def check_credential(self) -> CredentialCheck:
        """Whose token it is, and the scopes it lacks; an App's is ``InstallationAuth.check``."""
        answer = self._session.get_json(route("/user"), resource="user")
        return parse_user(answer.json(), answer.headers)

    # --- commits -----------------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, ref: str, *, resource: str = "commit") -> CommitInfo:
        """The commit that a branch, a tag, an id or an abbreviation names.

        Raises:
            NotFound: there is none; ``resource`` is what it names.
            InvalidArgument: the abbreviation fits several commits.
        """
        where = in_repository(repo, "/commits/{ref}", ref=ref)
        # A page of one file keeps the answer small; the diff is not wanted.
        answer = self._session.get_json(
            where, resource=resource, query={"per_page": 1}, passed=_NO_COMMIT
        )
        if answer.status >= _FIRST_ERROR:
            raise _no_commit(answer, resource)
        return parse.parse_commit(answer.json())

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow."""
        where = in_repository(repo, "/commits")
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

    def get_file(self, repo: RepositoryRef, *, path: str, ref: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size.

        One request up to 1 MB; beyond that GitHub's JSON has no content, and the blob is read as
        far as wanted; so it is of a symbolic link, whose content is the path that it leads to.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
        """
        where = in_repository(repo, "/contents/{+path}", path=path)
        answer = self._session.get_json(where, resource="file", query={"ref": ref})
        entry = parse.parse_file_entry(answer.json())
        if entry is None:
            raise NotFound("file")
        content, size = entry.content, entry.size
        if content is None:
            where = in_repository(repo, "/git/blobs/{sha}", sha=entry.blob_sha)
            blob = self._get_raw(where, max(max_bytes, _LONGEST_LINK))
            content = blob.body
            size = max(size, len(content)) if blob.truncated else len(content)
        return FileContent(path=path, commit_sha=ref, content=content[:max_bytes], size=size)

    def get_text(self, repo: RepositoryRef, *, path: str, ref: str, max_bytes: int) -> str:
        """The first bytes of a file as text; of a symbolic link those of the file it leads to."""
        where = in_repository(repo, "/contents/{+path}", path=path)
        return decode_text(self._get_raw(where, max_bytes, query={"ref": ref}).body)

    def _get_raw(
        self, where: Route, max_bytes: int, query: Mapping[str, str] | None = None
    ) -> HostResponse:
        return self._session.request(
            "GET", where, resource="file", query=query, headers=_RAW, read_at_most=max_bytes
        )


def _no_commit(answer: HostResponse, resource: str) -> ScmError:
    """Why GitHub knows no commit of this name."""
    if answer.status == _INVALID and "ambiguous" in parse.parse_message(answer.json()).lower():
        return InvalidArgument("commit_sha", "fits several commits")
    return NotFound(resource)
