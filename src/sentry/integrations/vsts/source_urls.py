"""Links to source code on Azure DevOps, both ways. Pure."""

import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.source_links import split_url
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.integrations.vsts.endpoints import Endpoints
from sentry.integrations.vsts.parse import parse_identifier

_FULL_SHA = re.compile(r"[0-9a-f]{40}")
_PAGE = re.compile(r"(?:/(?P<project>[^/]+))?/_git/(?P<name>[^/]+)/?")


class SourceUrls:
    """Makes and reads the URLs of one organization's pages.

    A file's page is ``{repository}?path=/a/b&version=GBmain``: GB stands for a branch, GC for a
    commit, GT for a tag.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        """Takes the organization's addresses."""
        self._endpoints = endpoints

    def matches(self, url: str) -> bool:
        """Whether the URL is one of this organization's pages."""
        return self._below(url) is not None

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a commit or a branch; a tag cannot be told from a branch."""
        version = f"{'GC' if _FULL_SHA.fullmatch(ref) else 'GB'}{ref}"
        where = quote(f"/{path.lstrip('/')}", safe="/@", errors="replace")
        return f"{self._repository(repo)}?path={where}&version={_quoted(version)}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        return f"{self._repository(repo)}/commit/{_quoted(sha)}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of this repository.

        The branch is "" where the URL names a commit or a tag.
        """
        below = self._below(url)
        if below is None or not self._is_of(repo, below):
            return "", ""
        query = _query(url)
        versions = query.get("version", [])
        branch = versions[0] if len(versions) == 1 and versions[0].startswith("GB") else ""
        path = next(iter(query.get("path", [])), "")
        return branch.removeprefix("GB"), path.removeprefix("/")

    def _repository(self, repo: RepositoryRef) -> str:
        try:
            name = parse_identifier(repo.identifier)
        except InvalidArgument:
            return repo.url
        return self._endpoints.repository(name.project, name.name)

    def _below(self, url: str) -> str | None:
        """The path below the organization; None for a URL of another place."""
        parts = split_url(url)
        for base in (self._endpoints.web, self._endpoints.api):
            root = urlsplit(base)
            if (
                parts is not None
                and (parts.scheme, parts.netloc.lower()) == (root.scheme, root.netloc.lower())
                and f"{parts.path}/".lower().startswith(f"{root.path}/".lower())
            ):
                return parts.path[len(root.path) :]
        return None

    def _is_of(self, repo: RepositoryRef, below: str) -> bool:
        """Whether a page's path is the repository's; a project's own needs no project in it."""
        match = _PAGE.fullmatch(below)
        if match is None:
            return False
        name = unquote(match["name"])
        found = f"{unquote(match['project'] or name)}/{name}"
        return found.lower() == repo.identifier.lower()


def _query(url: str) -> dict[str, list[str]]:
    parts = split_url(url)
    return parse_qs(parts.query) if parts is not None else {}


def _quoted(text: str) -> str:
    return quote(text, safe="/", errors="replace")
