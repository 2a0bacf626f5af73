"""Bitbucket's API as the platform uses it: a path, one call, a parse."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice

from sentry.integrations.bitbucket import parse, parse_files, parse_pulls
from sentry.integrations.bitbucket.history import History
from sentry.integrations.bitbucket.names import in_repository
from sentry.integrations.bitbucket.paging import heavy_pages, page_links
from sentry.integrations.bitbucket.tree_walk import read_tree
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    NotFound,
    Unsupported,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    Capability,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    FileChange,
    FileContent,
    RepositoryInfo,
    RepositoryRef,
    TreeInfo,
)

_PAGE = 100
_CHANGES_PAGE, _MOST_CHANGES = 500, 3000
_BAD = int(HTTPStatus.BAD_REQUEST)
_RAW = {"accept": "*/*"}
_LONGEST_SEARCH = 250  # characters
_REFS = {"refs/heads/": True, "refs/tags/": False}  # whether it is a branch
HOOK_EVENTS = (
    "repo:push",
    "repo:updated",
    "repo:transfer",
    "repo:deleted",
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
)


class BitbucketClient:
    """Calls to Bitbucket with one credential. Identifiers are "workspace/slug".

    A repository goes by its UUID wherever that is known (see ``in_repository``).

    Every method raises what ``HostSession.request`` raises, and InvalidArgument for an identifier
    or a path that cannot be one.
    """

    def __init__(self, session: HostSession, *, identity: str) -> None:
        """Takes the session, and what names its credential."""
        self._session = session
        self._identity = identity

    # --- repositories ------------------------------------------------------------------------

    def get_workspaces(self) -> Iterator[str]:
        """The slugs of the workspaces that the account is in; an access token has none to tell."""
        for page in self._session.pages(
            route("/user/workspaces"), resource="workspaces", query={"pagelen": _PAGE}
        ):
            yield from parse.parse_workspaces(page.json())

    def get_repositories(
        self, workspace: str, *, name: str = "", page_size: int = _PAGE
    ) -> Iterator[RepositoryInfo]:
        """The repositories of a workspace, page after page; of a part of their name, if given."""
        query: dict[str, str | int] = {"pagelen": page_size}
        if name:
            query["q"] = f"name ~ {parse.quoted(name)}"
        where = route("/repositories/{workspace}", workspace=workspace)
        for page in self._session.pages(where, resource="workspace", query=query, whole=True):
            yield from parse.parse_repositories(page.json())

    def get_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """One repository."""
        where = in_repository(repo, "")
        return parse.parse_repository(self._session.get_json(where, resource="repository").json())

    def current_name(self, repo: RepositoryRef) -> parse.RepositoryName:
        """What a repository is called now; one without a UUID is what it is called.

        Raises:
            NotFound: there is no such repository any more.
        """
        known = parse.parse_identifier(repo.identifier)
        if not parse.is_uuid(repo.external_id):
            return known
        return parse.parse_identifier(self.get_repository(repo).identifier)

    # --- commits and refs --------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str, *, resource: str = "commit") -> CommitInfo:
        """The commit of an id or an abbreviation of one.

        Raises:
            NotFound: there is none; ``resource`` is what it names.
            InvalidArgument: the abbreviation fits several commits.
        """
        where = in_repository(repo, "/commit/{sha}", sha=sha)
        answer = self._session.get_json(where, resource=resource, passed=frozenset({_BAD}))
        if answer.status == _BAD:
            if "ambiguous" in parse.parse_message(answer.json()).lower():
                raise InvalidArgument("commit_sha", "fits several commits")
            raise HostRejected("the host rejected the request with the status 400", status=_BAD)
        return parse.parse_commit(answer.json())

    def find_ref(self, repo: RepositoryRef, name: str) -> str | None:
        """The commit of a branch, or else of a tag, of exactly this name; None without one.

        "refs/heads/x" is a branch and "refs/tags/x" a tag, and nothing else.
        """
        kind = next((prefix for prefix in _REFS if name.startswith(prefix)), "")
        name = name.removeprefix(kind)
        answer = self._session.get_json(
            in_repository(repo, "/refs"),
            resource="repository",
            query={"q": f"name = {parse.quoted(name)}"},
        )
        found = [
            ref
            for ref in parse.parse_refs(answer.json())
            if ref.name == name and _REFS.get(kind) in (None, ref.is_branch)
        ]
        found.sort(key=lambda ref: not ref.is_branch)
        return found[0].sha if found else None

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of a history, newest first, and whether more follow."""
        where = in_repository(repo, "/commits/{sha}", sha=sha)
        history = History(
            self._session, where, path=path, identity=self._identity, links=page_links()
        )
        return history.page(page, per_page)

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """The branches, page after page; those whose names hold the query."""
        parameters: dict[str, str | int] = {"pagelen": _PAGE}
        if query:
            parameters["q"] = f"name ~ {parse.quoted(query)}"
        where = in_repository(repo, "/refs/branches")
        for page in self._session.pages(where, resource="repository", query=parameters):
            yield from parse.parse_branches(page.json())

    # --- comparisons -------------------------------------------------------------------------

    def compare(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """What ``head`` has that ``base`` has not.

        Raises:
            NotFound: no such commit, or the two have no common ancestor.
        """
        meeting = self._merge_base(repo, base, head)
        if meeting == head:
            return ComparisonInfo(commits=(), files=())
        commits = list(islice(self._commits_beyond(repo, base, head), max_commits + 1))
        # The first of two stands for the new state: the reverse of git's order.
        spec = f"{head}..{meeting}"
        files = self._changes(repo, spec, {"topic": "false"}, resource="commit")
        return ComparisonInfo(
            commits=tuple(commits[:max_commits]),
            files=tuple(files[:_MOST_CHANGES]),
            commits_truncated=len(commits) > max_commits,
            files_truncated=len(files) > _MOST_CHANGES,
        )

    def _merge_base(self, repo: RepositoryRef, base: str, head: str) -> str:
        where = in_repository(repo, "/merge-base/{spec}", spec=f"{head}..{base}")
        return parse.parse_commit(self._session.get_json(where, resource="commit").json()).sha

    def _commits_beyond(self, repo: RepositoryRef, base: str, head: str) -> Iterator[CommitInfo]:
        where = in_repository(repo, "/commits/{sha}", sha=head)
        query: dict[str, str | int] = {"exclude": base, "pagelen": _PAGE}
        for page in self._session.pages(where, resource="commit", query=query):
            yield from parse.parse_commits(page.json())

    def get_commit_changes(self, repo: RepositoryRef, sha: str) -> tuple[FileChange, ...]:
        """What a commit changed against its first parent; at most 3,000 files."""
        return tuple(self._changes(repo, sha, {}, resource="commit")[:_MOST_CHANGES])

    def _changes(
        self, repo: RepositoryRef, spec: str, more: Mapping[str, str | int], *, resource: str
    ) -> list[FileChange]:
        """The files of a diffstat, one more than are told at most."""
        where = in_repository(repo, "/diffstat/{spec}", spec=spec)
        query: dict[str, str | int] = {**more, "pagelen": _CHANGES_PAGE}
        pages = heavy_pages(self._session, where, resource=resource, query=query)
        changes = (change for page in pages for change in parse_files.parse_changes(page))
        return list(islice(changes, _MOST_CHANGES + 1))

    # --- files -------------------------------------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """The first bytes of a file, and its size: a request for each, the first for the size.

        Raises:
            NotFound: no such file; a folder or a submodule is none.
            Unsupported: the content lies in LFS, which is another host's.
        """
        where = in_repository(repo, "/src/{sha}/{+path}", sha=sha, path=path)
        answer = self._session.get_json(where, resource="file", query={"format": "meta"})
        meta = parse_files.parse_file_meta(answer.json())
        if not meta.is_file:
            raise NotFound("file")
        if meta.is_elsewhere:
            raise Unsupported("bitbucket", "files", "the content lies in LFS, not in git")
        content = b""
        if meta.size and max_bytes:
            content = self._session.request(
                "GET", where, resource="file", headers=_RAW, read_at_most=max_bytes
            ).body
        size = max(meta.size, len(content))
        return FileContent(path=path, commit_sha=sha, content=content[:max_bytes], size=size)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """Every file below a folder."""
        return read_tree(self._session, repo, sha=sha, path=path, max_entries=max_entries)

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """A page of the files that hold every word of the query, and whether more follow.

        The host searches by the repository's name, which is asked for first; what its index still
        has of another repository under that name is left out.

        Raises:
            Unsupported: nobody has switched the workspace's search on.
        """
        words = _search_words(query)
        name = self.current_name(repo)
        where = route("/workspaces/{workspace}/search/code", workspace=name.workspace)
        asked: dict[str, str | int] = {
            "search_query": _search_terms(words, name.slug),
            "fields": "+values.file.commit.repository",
            "page": page,
            "pagelen": per_page,
        }
        try:
            answer = self._session.get_json(where, resource="search", query=asked).json()
        except NotFound:
            why = "nobody has switched the workspace's search on"
            raise Unsupported("bitbucket", Capability.CODE_SEARCH, why) from None
        more = parse.next_link(answer) is not None
        return parse_files.parse_matches(answer, external_id=repo.external_id), more

    # --- webhooks ----------------------------------------------------------------------------

    def find_hook(self, repo: RepositoryRef, url: str) -> str | None:
        """The UUID of the registration that sends to a URL; None without one."""
        where = in_repository(repo, "/hooks")
        pages = self._session.pages(where, resource="repository", query={"pagelen": _PAGE})
        hooks = (hook for page in pages for hook in parse_pulls.parse_hooks(page.json()))
        return next((hook.uuid for hook in hooks if hook.url == url), None)

    def create_hook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """Registers one; sent once, whatever happens. Answers its UUID."""
        where = in_repository(repo, "/hooks")
        answer = self._session.post_json(where, resource="repository", json=_hook(url, secret))
        return parse_pulls.parse_hook(answer.json()).uuid

    def update_hook(self, repo: RepositoryRef, uuid: str, *, url: str, secret: str) -> str:
        """Gives a registration the events and the secret that it should have. Answers its UUID."""
        where = in_repository(repo, "/hooks/{uuid}", uuid=uuid)
        answer = self._session.request(
            "PUT", where, resource="webhook", json=_hook(url, secret), repeatable=True
        )
        return parse_pulls.parse_hook(answer.json()).uuid

    def delete_hook(self, repo: RepositoryRef, uuid: str) -> None:
        """Ends a registration.

        Raises:
            NotFound: there is none.
        """
        where = in_repository(repo, "/hooks/{uuid}", uuid=uuid)
        self._session.request("DELETE", where, resource="webhook", repeatable=True)


def _hook(url: str, secret: str) -> Json:
    return {
        "description": "sentry",
        "url": url,
        "active": True,
        "secret": secret,
        "events": list(HOOK_EVENTS),
    }


def _search_words(query: str) -> list[str]:
    """Every word in quotation marks, in which no operator is one.

    Raises:
        InvalidArgument: no word is left.
    """
    words = [word.replace('"', "") for word in query.split()]
    quoted = [f'"{word}"' for word in words if word]
    if not quoted:
        raise InvalidArgument("query", "must hold a word")
    return quoted


def _search_terms(words: Sequence[str], slug: str) -> str:
    """The words, and the repository that they are searched in.

    Raises:
        InvalidArgument: they are longer than Bitbucket takes.
    """
    terms = " ".join([*words, f"repo:{slug}"])
    if len(terms) > _LONGEST_SEARCH:
        raise InvalidArgument("query", f"is longer than the host's {_LONGEST_SEARCH} characters")
    return terms
