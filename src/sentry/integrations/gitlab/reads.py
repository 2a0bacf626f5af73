"""GitLab's calls about comparisons, trees, branches, merge requests and code: path, call, parse."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice

from sentry.integrations.gitlab import parse_reads
from sentry.integrations.gitlab.client import present
from sentry.integrations.gitlab.names import Project
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CodeMatch,
    ComparisonInfo,
    FileChange,
    PullRequestInfo,
    TreeEntry,
    TreeInfo,
)

_PER_PAGE = 100
_MAX_FILES = 3000
_COMPARED_FILES = 1000  # that GitLab shows of one comparison, unless an operator says otherwise
_ABSENT = frozenset({int(HTTPStatus.NOT_FOUND)})
# What GitLab's search of code takes for a filter where it stands at a word's beginning.
_FILTER = re.compile(r"-?(?:filename|path|extension|blob):")


class GitLabReads:
    """Reads what is in projects, over a client's session."""

    def __init__(self, session: HostSession) -> None:
        """Shares the client's session."""
        self._session = session

    def compare(self, project: Project, *, base: str, head: str, most: int) -> ComparisonInfo:
        """What head has that base has not; GitLab gives the commits oldest first.

        GitLab compares what has no common ancestor, too. That shows only in a commit without a
        parent; where there is one, the merge base is asked for.
        """
        answer = self._session.get_json(
            project.route("/repository/compare"),
            resource="commit",
            query={"from": base, "to": head, "straight": "false"},
            passed=_ABSENT,
        )
        found = parse_reads.parse_comparison(present(answer, "commit").json(), head)
        if found.has_root:
            self._demand_ancestor(project, base, head)
        commits = tuple(reversed(found.commits))[:most]
        return ComparisonInfo(
            commits=commits,
            files=found.files,
            commits_truncated=len(found.commits) > len(commits),
            files_truncated=found.is_cut or len(found.files) >= _COMPARED_FILES,
        )

    def _demand_ancestor(self, project: Project, base: str, head: str) -> None:
        """Raises NotFound where two commits have no common ancestor."""
        where = project.route("/repository/merge_base")
        query = {"refs": f"{base},{head}"}
        self._session.get_json(where, resource="common ancestor", query=query)

    def get_changes(self, project: Project, sha: str) -> tuple[FileChange, ...]:
        """The files of a commit against its first parent, page after page."""
        pages = self._session.pages(
            project.route("/repository/commits/{sha}/diff", sha=sha),
            resource="commit",
            query={"per_page": _PER_PAGE},
        )
        changes = (change for page in pages for change in parse_reads.parse_changes(page.json()))
        return tuple(islice(changes, _MAX_FILES))

    def get_tree(self, project: Project, *, sha: str, path: str, most: int) -> TreeInfo:
        """The files below a folder, by keyset: one more than wanted is read at most."""
        query: dict[str, str | int] = {
            "ref": sha,
            "recursive": "true",
            "pagination": "keyset",
            "per_page": _PER_PAGE,
        }
        if path:
            query["path"] = path
        resource = "folder" if path else "commit"
        entries: list[TreeEntry] = []
        is_empty = True
        for page in self._session.pages(
            project.route("/repository/tree"), resource=resource, query=query
        ):
            value = page.json()
            is_empty = is_empty and value == []
            entries += parse_reads.parse_tree(value)
            if len(entries) > most:
                break
        if path and is_empty:  # git knows no empty folder
            raise NotFound("folder")
        kept = sorted(entries[:most], key=lambda entry: entry.path.encode())
        return TreeInfo(entries=tuple(kept), truncated=len(entries) > most)

    def get_branches(self, project: Project, *, query: str) -> Iterator[BranchInfo]:
        """The branches whose names hold the words, page after page."""
        options: dict[str, str | int] = {"per_page": _PER_PAGE}
        if query and not set(query) & set("^$*"):  # GitLab takes these for more than letters
            options["search"] = query
        for page in self._session.pages(
            project.route("/repository/branches"), resource="repository", query=options
        ):
            for branch in parse_reads.parse_branches(page.json()):
                if query in branch.name:
                    yield branch

    def get_merge_requests(self, project: Project, sha: str) -> list[PullRequestInfo]:
        """The first hundred merge requests of a commit."""
        answer = self._session.get_json(
            project.route("/repository/commits/{sha}/merge_requests", sha=sha),
            resource="commit",
            query={"per_page": _PER_PAGE},
        )
        return parse_reads.parse_merge_requests(answer.json())

    def search_code(
        self, project: Project, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """A page of the places that hold the words; several of one file are one match.

        GitLab searches the default branch: where that has no commit, nothing is found.
        """
        words = query.split()
        text = " ".join(f'"{word}"' if _FILTER.match(word) else word for word in words)
        answer = self._session.get_json(
            project.route("/search"),
            resource="repository",
            query={"scope": "blobs", "search": text, "page": page, "per_page": per_page},
            passed=_ABSENT,
        )
        try:
            present(answer, "repository")
        except NotFound as absent:
            if absent.resource == "commit":
                return [], False
            raise
        matches = parse_reads.parse_code_matches(answer.json(), words)
        return matches, self._session.has_next_page(answer)
