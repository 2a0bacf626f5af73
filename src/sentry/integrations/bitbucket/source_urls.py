"""Links to source code on Bitbucket, both ways. Pure."""

import re
from urllib.parse import parse_qs, quote

from sentry.integrations.source_code_management.source_links import (
    below,
    branch_and_path,
    is_below,
    quoted,
    split_url,
)
from sentry.integrations.source_code_management.types import RepositoryRef

_VIEW = re.compile(r"(?:src|annotate|raw)/(?P<rest>.+)")


class SourceUrls:
    """Makes and reads the URLs of one Bitbucket's pages."""

    def __init__(self, web_url: str) -> None:
        """Takes the base of its pages ("https://bitbucket.org")."""
        self._web_url = web_url.rstrip("/")

    def matches(self, url: str) -> bool:
        """Whether the URL is one of this Bitbucket's pages."""
        return is_below(url, self._web_url)

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit; the ref is one segment of it."""
        segment = quote(ref, safe="@", errors="replace")
        return f"{self._repository(repo)}/src/{segment}/{quoted(path.lstrip('/'))}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        return f"{self._repository(repo)}/commits/{quoted(sha)}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of this repository.

        Bitbucket writes ``/src/{commit}/{path}?at={branch}`` where a branch has a slash, and
        ``/src/{branch}/{path}`` elsewhere. People also paste branches with slashes in the path:
        the repository's default branch (``config["default_branch"]``) is known, of others the
        first part is taken.
        """
        is_own = self.matches(url)
        match = _VIEW.fullmatch(below(url, self._repository(repo))) if is_own else None
        if match is None:
            return "", ""
        named = _at(url)
        default = "" if named else repo.config.get("default_branch", "")
        branch, path = branch_and_path(match["rest"], default=default)
        return named or branch, path

    def _repository(self, repo: RepositoryRef) -> str:
        return f"{self._web_url}/{quoted(repo.identifier)}"


def _at(url: str) -> str:
    """The branch that the query names."""
    found = split_url(url)
    values = parse_qs(found.query).get("at", []) if found else []
    return values[0].removeprefix("refs/heads/") if values else ""
