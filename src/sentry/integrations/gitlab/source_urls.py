"""Links to source code on GitLab, both ways. Pure.

GitLab puts "/-/" between a project's path and its pages, since a group may be called "blob"; the
older form without it still leads there.
"""

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sentry.integrations.source_code_management.types import RepositoryRef

_VIEWS = re.compile(r"(?:-/)?(?:blob|blame|raw|tree)/(?P<rest>.+)")


class SourceUrls:
    """Makes and reads the URLs of one GitLab's pages."""

    def __init__(self, web_url: str) -> None:
        """Takes the base of its pages ("https://gitlab.com")."""
        self._web_url = web_url.rstrip("/")

    def matches(self, url: str) -> bool:
        """Whether the URL is one of this GitLab's pages."""
        base, other = urlsplit(self._web_url), _split(url)
        return (
            other is not None
            and (other.scheme, other.netloc.lower()) == (base.scheme, base.netloc.lower())
            and f"{other.path}/".startswith(f"{base.path}/")
        )

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit."""
        return f"{self._project(repo)}/-/blob/{_quoted(ref)}/{_quoted(path.lstrip('/'))}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        return f"{self._project(repo)}/-/commit/{_quoted(sha)}"

    def of_issue(self, identifier: str, number: int) -> str:
        """The page of an issue."""
        return f"{self._web_url}/{_quoted(identifier)}/-/issues/{number}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of this repository.

        A branch may hold "/": the repository's default branch (``config["default_branch"]``) is
        known, else the branch is the first part.
        """
        if not self.matches(url):
            return "", ""
        path = url.partition("?")[0].partition("#")[0]
        prefix = f"{self._project(repo)}/"
        match = _VIEWS.fullmatch(path[len(prefix) :])
        if path[: len(prefix)].lower() != prefix.lower() or match is None:
            return "", ""
        rest = unquote(match["rest"])
        branch = repo.config.get("default_branch", "")
        if branch and rest.startswith(f"{branch}/"):
            return branch, rest[len(branch) + 1 :]
        first, _, others = rest.partition("/")
        return first, others

    def _project(self, repo: RepositoryRef) -> str:
        return f"{self._web_url}/{_quoted(repo.identifier)}"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _quoted(text: str) -> str:
    return quote(text, safe="/@", errors="replace")
