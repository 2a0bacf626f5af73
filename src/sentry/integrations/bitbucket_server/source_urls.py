"""Links to source code on Bitbucket Data Center, both ways. Pure."""

import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

from sentry.integrations.bitbucket_server.endpoints import Endpoints
from sentry.integrations.bitbucket_server.names import parse_identifier
from sentry.integrations.source_code_management.source_links import is_below, quoted, split_url
from sentry.integrations.source_code_management.types import RepositoryRef

_VIEWS = re.compile(r"(?:browse|raw)/(?P<path>.+)")


class SourceUrls:
    """Makes and reads the URLs of one server's pages."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Takes where the server lives."""
        self._endpoints = endpoints

    def matches(self, url: str) -> bool:
        """Whether the URL is one of this server's pages."""
        return is_below(url, self._endpoints.web)

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit."""
        at = quote(ref, safe="", errors="replace")
        return f"{self._page(repo)}/browse/{quoted(path.lstrip('/'))}?at={at}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        return f"{self._page(repo)}/commits/{quoted(sha)}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of this repository.

        The branch is "" where the URL has no ``at``, which stands for the default branch.
        """
        parsed = split_url(url)
        if parsed is None or not self.matches(url):
            return "", ""
        for page in self._pages(repo):
            prefix = f"{urlsplit(page).path}/"
            match = _VIEWS.fullmatch(parsed.path[len(prefix) :])
            if match and unquote(parsed.path[: len(prefix)]).lower() == unquote(prefix).lower():
                (at,) = parse_qs(parsed.query).get("at", [""])[:1]
                branch = at.removeprefix("refs/heads/").removeprefix("refs/tags/")
                return branch, unquote(match["path"])
        return "", ""

    def _page(self, repo: RepositoryRef) -> str:
        return self._endpoints.page(parse_identifier(repo.identifier))

    def _pages(self, repo: RepositoryRef) -> tuple[str, ...]:
        """A personal repository has a page below ``users`` and the same one below ``projects``."""
        name = parse_identifier(repo.identifier)
        other = f"{self._endpoints.web}/projects/{name.project}/repos/{name.slug}"
        return self._endpoints.page(name), other
