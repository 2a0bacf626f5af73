"""GitLab's API as the platform uses it: a path, one call, a parse."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from sentry.integrations.gitlab import parse
from sentry.integrations.gitlab.names import (
    Project,
    RepositoryName,
    named_project,
    parse_identifier,
    project_of,
)
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import (
    CommitInfo,
    CredentialCheck,
    FileContent,
    RepositoryInfo,
    RepositoryRef,
)

_PER_PAGE = 100
_SHORTEST_SEARCH = 3  # letters; GitLab looks for a shorter text as a whole name
_ABSENT = frozenset({int(HTTPStatus.NOT_FOUND)})
# A file that is not there can be a bad request, too.
_NO_FILE = frozenset({int(HTTPStatus.NOT_FOUND), int(HTTPStatus.BAD_REQUEST)})
_ANY_FILE = "/repository/files/any/blame"


class GitLabClient:
    """Calls to one GitLab with one credential.

    Every method raises what ``HostSession.request`` raises, and InvalidArgument for a name or a
    path that cannot be one.
    """

    def __init__(self, session: HostSession) -> None:
        """Takes the session."""
        self._session = session

    # --- the credential ------------------------------------------------------------------------

    def check_token(self) -> CredentialCheck:
        """Whose personal, project or group token it is, and what it lacks.

        GitLab before 15.5 does not tell a token's scopes: nothing is said to be missing then.
        """
        where = route("/personal_access_tokens/self")
        answer = self._session.request("GET", where, resource="token", passed=_ABSENT)
        if answer.status == HTTPStatus.NOT_FOUND:
            return self._check(None, 0)
        return self._check(*parse.parse_token(answer.json()))

    def check_oauth(self, token_info: str) -> CredentialCheck:
        """Whose OAuth token it is, and what it lacks; ``token_info`` is where GitLab tells."""
        answer = self._session.request("GET", token_info, resource="token")
        return self._check(*parse.parse_token_info(answer.json()))

    def _check(self, scopes: tuple[str, ...] | None, number: int) -> CredentialCheck:
        if scopes is not None and not parse.USER_SCOPES & set(scopes):
            # a token like this may not even ask for its account
            return CredentialCheck(
                account=f"user {number}",
                missing=parse.missing_scopes(scopes),
                identity=f"user-{number}",
            )
        answer = self._session.get_json(route("/user"), resource="user")
        return parse.parse_user_check(answer.json(), scopes)

    # --- repositories --------------------------------------------------------------------------

    def get_repositories(self, *, query: str) -> Iterator[RepositoryInfo]:
        """Every project that the credential is a member of, page after page.

        By keyset, since GitLab's numbered pages end at 50,000.
        """
        options: dict[str, str | int] = {
            "membership": "true",
            "simple": "true",
            "order_by": "id",
            "sort": "asc",
            "pagination": "keyset",
            "per_page": _PER_PAGE,
        }
        if len(query) >= _SHORTEST_SEARCH:
            options |= {"search": query, "search_namespaces": "true"}
        pages = self._session.pages(
            route("/projects"), resource="repositories", query=options, whole=True
        )
        for page in pages:
            yield from parse.parse_repositories(page.json())

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """One project by its path or number; by a former path, too."""
        return self.get_project(named_project(identifier))

    def get_project(self, project: Project) -> RepositoryInfo:
        """One project."""
        answer = self._session.get_json(project.route(), resource="repository")
        return parse.parse_repository(answer.json())

    def current_name(self, repo: RepositoryRef) -> RepositoryName:
        """What a repository is called now; one without a number is what it is called.

        Raises:
            NotFound: there is no such project any more.
        """
        if not repo.external_id:
            return parse_identifier(repo.identifier)
        return parse_identifier(self.get_project(project_of(repo)).identifier)

    def has_access(self, project: Project) -> bool:
        """Whether the credential reaches the project now."""
        try:
            self.get_project(project)
        except (NotFound, HostForbidden):
            return False
        return True

    # --- commits -------------------------------------------------------------------------------

    def get_commit(self, project: Project, ref: str, *, resource: str = "commit") -> CommitInfo:
        """The commit that a branch, a tag, an id or an abbreviation names.

        GitLab does not tell an ambiguous abbreviation from an unknown one.

        Raises:
            NotFound: there is none; ``resource`` is what it names.
        """
        where = project.route("/repository/commits/{ref}", ref=ref)
        answer = self._present(where, resource=resource, query={"stats": "false"})
        return parse.parse_commit(answer.json())

    def list_commits(
        self, project: Project, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow."""
        query: dict[str, str | int] = {"ref_name": sha, "page": page, "per_page": per_page}
        if path:
            query["path"] = path
        where = project.route("/repository/commits")
        answer = self._present(where, resource="commit", query=query)
        return parse.parse_commits(answer.json()), self._session.has_next_page(answer)

    # --- files ---------------------------------------------------------------------------------

    def get_file(self, project: Project, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size, which comes in a header.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
        """
        where = project.file_route("/raw", path=path)
        answer = self._file(where, sha, read_at_most=max_bytes)
        body = answer.file_bytes()
        size = parse.parse_file_size(answer.headers)
        if size is None and not answer.truncated:
            size = len(body)
        if size is None:
            size = self._size(project, path, sha)
        content = body[:max_bytes]
        return FileContent(path=path, commit_sha=sha, content=content, size=max(size, len(content)))

    def _size(self, project: Project, path: str, sha: str) -> int:
        """The size of a file whose content came without it."""
        where = project.file_route("", path=path)
        answer = self._session.request("HEAD", where, resource="file", query={"ref": sha})
        size = parse.parse_file_size(answer.headers)
        if size is None:
            raise HostUnavailable("the host did not tell the file's size", status=answer.status)
        return size

    def expect_blames(self, count: int) -> None:
        """Says that so many files are to be blamed; makes no request.

        Raises:
            HostRateLimited: GitLab's limit is known to have room for fewer.
        """
        self._session.expect(_ANY_FILE, requests=count)

    def get_blame(
        self, project: Project, *, path: str, sha: str, lines: tuple[int, int] | None
    ) -> HostResponse:
        """The blame of lines from the first to the last (from 1, both included), or of all.

        Raises:
            NotFound: no such commit or file.
        """
        where = project.file_route("/blame", path=path)
        options = {"range[start]": lines[0], "range[end]": lines[1]} if lines else {}
        return self._file(where, sha, options)

    def _file(
        self,
        where: Route,
        sha: str,
        options: Mapping[str, int] | None = None,
        *,
        read_at_most: int | None = None,
    ) -> HostResponse:
        """An answer about a file."""
        answer = self._session.request(
            "GET",
            where,
            resource="file",
            query={"ref": sha, **(options or {})},
            passed=_NO_FILE,
            read_at_most=read_at_most,
        )
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise NotFound("file")
        return present(answer, "file")

    def _present(
        self, where: Route, *, resource: str, query: Mapping[str, str | int]
    ) -> HostResponse:
        answer = self._session.get_json(where, resource=resource, query=query, passed=_ABSENT)
        return present(answer, resource)


def present(answer: HostResponse, resource: str) -> HostResponse:
    """The answer, unless it is a 404: that says in words what is absent.

    Raises:
        NotFound: it is one; ``resource`` is what is absent where the words are none of GitLab's.
    """
    if answer.status != HTTPStatus.NOT_FOUND:
        return answer
    try:
        what = parse.parse_absent(answer.json(), resource)
    except HostUnavailable:
        what = resource
    # what names a commit for GitLab may be a branch's name for the caller
    raise NotFound(resource if what == "commit" and resource == "ref" else what)
