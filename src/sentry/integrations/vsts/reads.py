"""Azure DevOps' calls about comparisons, trees, branches, pull requests and code."""

from collections.abc import Iterator

from sentry.integrations.source_code_management.errors import HostRejected, NotFound
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CodeMatch,
    FileChange,
    PullRequestInfo,
    RepositoryRef,
    TreeInfo,
)
from sentry.integrations.vsts import parse, parse_reads
from sentry.integrations.vsts.api import VstsApi
from sentry.integrations.vsts.endpoints import Endpoints
from sentry.integrations.vsts.names import in_repository, project_of
from sentry.integrations.vsts.repositories import VstsRepositories
from sentry.integrations.vsts.source_urls import SourceUrls

_CHANGES_PER_PAGE = 1000
_MAX_FILES = 3000
_BRANCHES_PER_PAGE = 1000
_MAX_PULL_REQUESTS = 100
_MOST_FOUND = 1000  # the host's search takes no larger $skip


class VstsReads:
    """A part of ``VstsClient``."""

    def __init__(
        self,
        api: VstsApi,
        search: VstsApi,
        endpoints: Endpoints,
        repositories: VstsRepositories,
    ) -> None:
        """Shares the client's services, and its calls about repositories."""
        self._api = api
        self._search = search
        self._endpoints = endpoints
        self._repositories = repositories

    # --- comparisons -------------------------------------------------------------------------

    def list_between(
        self, repo: RepositoryRef, *, base: str, head: str, most: int
    ) -> list[parse.ListedCommit]:
        """The commits that head has and base has not, newest first."""
        body: dict[str, Json] = {
            "itemVersion": {"versionType": "commit", "version": base},
            "compareVersion": {"versionType": "commit", "version": head},
        }
        answer = self._api.ask(
            in_repository(repo, "/commitsbatch"), resource="commit", json=body, query={"$top": most}
        )
        return parse.parse_commits(answer.json())[:most]

    def diff(
        self, repo: RepositoryRef, *, base: str, head: str
    ) -> tuple[tuple[FileChange, ...], bool, int]:
        """What head changed since it left base: files, whether there are more, commits ahead.

        Raises:
            NotFound: no such commit, or the two have no common ancestor.
        """
        files: list[FileChange] = []
        skip = 0
        while True:
            answer = self._api.get(
                in_repository(repo, "/diffs/commits"),
                resource="commit",
                query={
                    "baseVersionType": "commit",
                    "baseVersion": base,
                    "targetVersionType": "commit",
                    "targetVersion": head,
                    "diffCommonCommit": "true",
                    "$top": _CHANGES_PER_PAGE,
                    "$skip": skip,
                },
            )
            page = parse_reads.parse_diff(answer.json())
            if not page.has_common:
                raise NotFound("common ancestor")
            files += page.changes.files
            skip += page.changes.count
            is_last = page.is_last or not page.changes.count
            if is_last or len(files) >= _MAX_FILES:
                kept = tuple(files[:_MAX_FILES])
                return kept, not is_last or len(files) > len(kept), page.ahead

    def get_changes(self, repo: RepositoryRef, sha: str) -> tuple[FileChange, ...]:
        """The files of a commit against its first parent, page after page."""
        files: list[FileChange] = []
        skip = 0
        while len(files) < _MAX_FILES:
            answer = self._api.get(
                in_repository(repo, "/commits/{sha}/changes", sha=sha),
                resource="commit",
                query={"top": _CHANGES_PER_PAGE, "skip": skip},
            )
            page = parse_reads.parse_changes(answer.json())
            files += page.files
            skip += page.count
            if page.count < _CHANGES_PER_PAGE:
                break
        return tuple(files[:_MAX_FILES])

    # --- trees and branches ------------------------------------------------------------------

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, most: int) -> TreeInfo:
        """The files below a folder; the host gives all of them at once."""
        answer = self._api.get(
            in_repository(repo, "/items"),
            resource="folder" if path else "commit",
            query={
                "scopePath": parse.item_path(path) if path else "/",
                "recursionLevel": "full",
                "versionDescriptor.versionType": "commit",
                "versionDescriptor.version": sha,
            },
        )
        listed = parse_reads.parse_tree(answer.json(), path)
        if not listed.is_folder:
            raise NotFound("folder")
        return TreeInfo(entries=listed.entries[:most], truncated=len(listed.entries) > most)

    def get_branches(self, repo: RepositoryRef, query: str) -> Iterator[BranchInfo]:
        """The branches whose names hold a text, page after page."""
        options: dict[str, str | int] = {"filter": "heads/", "$top": _BRANCHES_PER_PAGE}
        if query:
            options["filterContains"] = query
        pages = self._api.pages(in_repository(repo, "/refs"), resource="repository", query=options)
        for page in pages:
            for branch in parse_reads.parse_branches(page.json()):
                if query in branch.name:  # the host also looks into "refs/heads/"
                    yield branch

    # --- pull requests and code --------------------------------------------------------------

    def get_pull_requests(self, repo: RepositoryRef, sha: str) -> list[PullRequestInfo]:
        """Pull requests that hold a commit, and the one that it merged: one request for both."""
        body: dict[str, Json] = {
            "queries": [{"type": kind, "items": [sha]} for kind in ("lastMergeCommit", "commit")]
        }
        answer = self._api.ask(
            in_repository(repo, "/pullrequestquery"), resource="repository", json=body
        )
        name = parse.parse_identifier(repo.identifier)
        page = self._endpoints.repository(name.project, name.name)
        return parse_reads.parse_pull_requests(answer.json(), page)[:_MAX_PULL_REQUESTS]

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """A page of the files that hold every word; the host shows the first 1,000 or so.

        Its filters take names: the present ones are asked for first. What its index still has of
        another repository under them is left out.
        """
        words = " ".join(quoted(word) for word in query.split())
        skip = (page - 1) * per_page
        if skip > _MOST_FOUND:
            return [], False
        name = self._repositories.current_name(repo)
        answer = self._search.ask(
            route("/{project}/_apis/search/codesearchresults", project=project_of(repo)),
            resource="repository",
            json={
                "searchText": words,
                "$skip": skip,
                "$top": per_page,
                "filters": {"Project": [name.project], "Repository": [name.name]},
                "includeSnippet": True,
                "includeFacets": False,
            },
        )
        found = parse_reads.parse_found(answer.json())
        urls, is_known = SourceUrls(self._endpoints), parse.is_guid(repo.external_id)
        matches = [
            CodeMatch(
                path=file.path,
                ref=file.ref,
                lines=file.lines,
                web_url=urls.of_file(repo, path=file.path, ref=file.ref),
            )
            for file in found.files
            if not is_known or file.repository_id in ("", repo.external_id.lower())
        ]
        more = bool(found.files) and skip + len(found.files) < found.total
        return matches, more and skip + per_page <= _MOST_FOUND


def quoted(word: str) -> str:
    """A word that the host's search takes for nothing else.

    Raises:
        HostRejected: it holds a quote, which the search cannot look for.
    """
    if '"' in word:
        raise HostRejected("the host cannot search for a quotation mark")
    return f'"{word}"'
