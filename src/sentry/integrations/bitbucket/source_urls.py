"""Links to source code on Bitbucket, both ways. Pure."""

import re
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from sentry.integrations.source_code_management.types import RepositoryRef

_VIEW = re.compile(r"(?:src|annotate|raw)/(?P<rest>.+)")


class SourceUrls:
    """Makes and reads the URLs of one Bitbucket's pages."""

    def __init__(self, web_url: str) -> None:
        """Takes the base of its pages ("https://bitbucket.org")."""
        self._web_url = web_url.rstrip("/")

    def matches(self, url: str) -> bool:
        """Whether the URL is one of this Bitbucket's pages."""
        base, other = urlsplit(self._web_url), _split(url)
        return (
            other is not None
            and (other.scheme, other.netloc.lower()) == (base.scheme, base.netloc.lower())
            and f"{other.path}/".startswith(f"{base.path}/")
        )

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit; the ref is one segment of it."""
        segment = quote(ref, safe="@", errors="replace")
        return f"{self._repository(repo)}/src/{segment}/{_quoted(path.lstrip('/'))}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        return f"{self._repository(repo)}/commits/{_quoted(sha)}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of this repository.

        Bitbucket writes ``/src/{commit}/{path}?at={branch}`` where a branch has a slash, and
        ``/src/{branch}/{path}`` elsewhere. People also paste branches with slashes in the path:
        the repository's default branch (``config["default_branch"]``) is known, of others the
        first part is taken.
        """
        match = _VIEW.fullmatch(self._rest(repo, url))
        if match is None:
            return "", ""
        named = _at(url)
        branch = repo.config.get("default_branch", "")
        raw = match["rest"]
        if not named and branch and unquote(raw).startswith(f"{branch}/"):
            return branch, unquote(raw)[len(branch) + 1 :]
        first, _, others = raw.partition("/")
        return named or unquote(first), unquote(others)

    def _rest(self, repo: RepositoryRef, url: str) -> str:
        """What follows the repository in a URL's path, as it is written; "" for another one."""
        path = url.partition("?")[0].partition("#")[0]
        prefix = f"{self._repository(repo)}/"
        is_own = self.matches(url) and path[: len(prefix)].lower() == prefix.lower()
        return path[len(prefix) :] if is_own else ""

    def _repository(self, repo: RepositoryRef) -> str:
        return f"{self._web_url}/{_quoted(repo.identifier)}"


def _at(url: str) -> str:
    """The branch that the query names."""
    found = _split(url)
    values = parse_qs(found.query).get("at", []) if found else []
    return values[0].removeprefix("refs/heads/") if values else ""


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _quoted(text: str) -> str:
    return quote(text, safe="/@", errors="replace")
