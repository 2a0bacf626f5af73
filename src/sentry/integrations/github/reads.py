"""GitHub's calls about comparisons, trees, branches, pull requests and code: path, call, parse."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import islice

from sentry.integrations.github import parse_reads
from sentry.integrations.github.names import in_repository
from sentry.integrations.github.repositories import GitHubRepositories
from sentry.integrations.source_code_management.errors import HostRejected, NotFound
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    FileChange,
    PullRequestInfo,
    RepositoryRef,
    TreeEntry,
    TreeInfo,
)

_PER_PAGE = 100
_MAX_FILES = 3000
_COMPARED_FILES = 300
_TEXT_MATCH = {"accept": "application/vnd.github.text-match+json"}
# A commit that is not there is a 422; an empty repository, which has none, a 409.
_NO_COMMIT = frozenset({int(HTTPStatus.CONFLICT), int(HTTPStatus.UNPROCESSABLE_ENTITY)})
_MOST_FOUND = 1000  # GitHub's search shows no more


class GitHubReads:
    """A part of ``GitHubClient``."""

    def __init__(self, session: HostSession, repositories: GitHubRepositories) -> None:
        """Shares the client's session."""
        self._session = session
        self._repositories = repositories

    def compare(self, repo: RepositoryRef, *, base: str, head: str, most: int) -> ComparisonInfo:
        """What head has that base has not; GitHub lists 300 files at most.

        Asked without a page it gives the newest 250 commits, oldest first; asked for pages, all
        from the oldest on.
        """
        where = in_repository(repo, "/compare/{base}...{head}", base=base, head=head)
        answer = self._session.get_json(where, resource="commit")
        found = parse_reads.parse_comparison(answer.json())
        commits, wanted = found.commits, min(most, found.total)
        if commits and len(commits) < wanted:
            older = self._compared(where, skip=found.total - wanted, end=commits[0].sha)
            commits = (*older, *commits)
        kept = tuple(reversed(commits))[:most]
        return ComparisonInfo(
            commits=kept,
            files=found.files,
            commits_truncated=found.total > len(kept),
            files_truncated=len(found.files) >= _COMPARED_FILES,
        )

    def _compared(self, where: Route, *, skip: int, end: str) -> Iterator[CommitInfo]:
        """A comparison's commits before ``end``, oldest first; leaves out whole pages to skip."""
        query = {"per_page": _PER_PAGE, "page": skip // _PER_PAGE + 1}
        for page in self._session.pages(where, resource="commit", query=query):
            for commit in parse_reads.parse_comparison(page.json()).commits:
                if commit.sha == end:
                    return
                yield commit

    def get_changes(self, repo: RepositoryRef, sha: str) -> tuple[FileChange, ...]:
        """The files of a commit against its first parent, page after page."""
        pages = self._session.pages(
            in_repository(repo, "/commits/{ref}", ref=sha),
            resource="commit",
            query={"per_page": _PER_PAGE},
        )
        changes = (change for page in pages for change in parse_reads.parse_changes(page.json()))
        return tuple(islice(changes, _MAX_FILES))

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, most: int) -> TreeInfo:
        """The files below a folder, out of the whole tree; where GitHub cuts that, the folder's."""
        listed = self._tree(repo, sha, is_recursive=True)
        if path and listed.truncated:
            return self._subtree(repo, sha=sha, path=path, most=most)
        prefix = f"{path}/" if path else ""
        if path and path not in listed.folders:
            raise NotFound("folder")
        entries = [entry for entry in listed.entries if entry.path.startswith(prefix)]
        return _cut(entries, most, is_truncated=listed.truncated)

    def _subtree(self, repo: RepositoryRef, *, sha: str, path: str, most: int) -> TreeInfo:
        """Walks down to the folder, one request for each level, and lists it from there."""
        tree = sha
        for name in path.split("/"):
            folders = self._tree(repo, tree, is_recursive=False).folders
            if name not in folders:
                raise NotFound("folder")
            tree = folders[name]
        listed = self._tree(repo, tree, is_recursive=True)
        entries = [
            TreeEntry(
                path=f"{path}/{entry.path}",
                kind=entry.kind,
                object_id=entry.object_id,
                size=entry.size,
            )
            for entry in listed.entries
        ]
        return _cut(entries, most, is_truncated=listed.truncated)

    def _tree(self, repo: RepositoryRef, sha: str, *, is_recursive: bool) -> parse_reads.ListedTree:
        where = in_repository(repo, "/git/trees/{sha}", sha=sha)
        query = {"recursive": 1} if is_recursive else {}
        answer = self._session.get_json(where, resource="commit", query=query)
        return parse_reads.parse_tree(answer.json())

    def get_branches(self, repo: RepositoryRef) -> Iterator[BranchInfo]:
        """Every branch, page after page."""
        where = in_repository(repo, "/branches")
        query = {"per_page": _PER_PAGE}
        for page in self._session.pages(where, resource="repository", query=query):
            yield from parse_reads.parse_branches(page.json())

    def get_pull_requests(self, repo: RepositoryRef, sha: str) -> list[PullRequestInfo]:
        """The first hundred pull requests of a commit."""
        answer = self._session.get_json(
            in_repository(repo, "/commits/{sha}/pulls", sha=sha),
            resource="commit",
            query={"per_page": _PER_PAGE},
            passed=_NO_COMMIT,
        )
        if answer.status in _NO_COMMIT:
            raise NotFound("commit")
        return parse_reads.parse_pull_requests(answer.json())

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """A page of the files that hold every word; GitHub shows the first 1,000.

        Its search finds a repository by its name alone, so that the present one is asked for.
        """
        words = " ".join(quoted(word) for word in query.split())
        if (page - 1) * per_page >= _MOST_FOUND:
            return [], False
        name = self._repositories.current_name(repo).identifier
        answer = self._session.request(
            "GET",
            route("/search/code"),
            resource="repository",
            query={"q": f"{words} repo:{name}", "page": page, "per_page": per_page},
            headers=_TEXT_MATCH,
        )
        matches = parse_reads.parse_code_matches(answer.json(), repository_id=repo.external_id)
        return matches, self._session.has_next_page(answer)


def quoted(word: str) -> str:
    """A word that GitHub's search takes for nothing else.

    Raises:
        HostRejected: it holds a quote, which GitHub's search cannot look for.
    """
    if '"' in word:
        raise HostRejected("the host cannot search for a quotation mark")
    return f'"{word}"'


def _cut(entries: Sequence[TreeEntry], most: int, *, is_truncated: bool) -> TreeInfo:
    return TreeInfo(entries=tuple(entries[:most]), truncated=is_truncated or len(entries) > most)
