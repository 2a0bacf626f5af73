"""Links to source code: what hosts' pages have in common. Pure, and makes no host request."""

import re
from abc import ABC, abstractmethod
from typing import ClassVar, Protocol
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sentry.integrations.source_code_management.types import RepositoryRef

# Before a branch or a tag that is written in full.
_REFS = re.compile(r"^refs(?:/|%2[Ff])(?:heads|tags)(?:/|%2[Ff])")


class SourceLinks(Protocol):
    """Makes and reads the URLs of one host's pages."""

    def matches(self, url: str) -> bool:
        """Whether the URL is one of the host's pages."""
        ...

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit."""
        ...

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        ...

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """The branch and the path in a file's URL; both "" where it is none of the repository."""
        ...


class LinkingInstallation(ABC):
    """Fulfils ``SourceUrlIntegration`` by the links of the installation's host."""

    @abstractmethod
    def _source_urls(self) -> SourceLinks:
        """The links of this host."""

    def source_url_matches(self, url: str) -> bool:
        """See ``SourceUrlIntegration``."""
        return self._source_urls().matches(url)

    def format_source_url(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """See ``SourceUrlIntegration``."""
        return self._source_urls().of_file(repo, path=path, ref=ref)

    def extract_branch_from_source_url(self, repo: RepositoryRef, url: str) -> str:
        """See ``SourceUrlIntegration``."""
        return self._source_urls().parts(repo, url)[0]

    def extract_source_path_from_source_url(self, repo: RepositoryRef, url: str) -> str:
        """See ``SourceUrlIntegration``."""
        return self._source_urls().parts(repo, url)[1]

    def format_commit_url(self, repo: RepositoryRef, *, sha: str) -> str:
        """See ``SourceUrlIntegration``."""
        return self._source_urls().of_commit(repo, sha=sha)


class BranchInPathLinks:
    """Pages at ``{repository}/{separator}{view}/{branch}/{path}``; fulfils ``SourceLinks``.

    Attributes:
        separator: what stands between a repository's path and its pages.
        views: what may follow the repository in a file's URL; its group ``rest`` is the
            branch and the path.
    """

    separator: ClassVar[str] = ""
    views: ClassVar[re.Pattern[str]] = re.compile(r"(?:blob|blame|raw|tree)/(?P<rest>.+)")

    def __init__(self, web_url: str) -> None:
        """Takes the base of the host's pages ("https://git.example.com")."""
        self._web_url = web_url.rstrip("/")

    def matches(self, url: str) -> bool:
        """See ``SourceLinks``."""
        return is_below(url, self._web_url)

    def of_file(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """See ``SourceLinks``."""
        return f"{self._page(repo)}blob/{quoted(ref)}/{quoted(path.lstrip('/'))}"

    def of_commit(self, repo: RepositoryRef, *, sha: str) -> str:
        """See ``SourceLinks``."""
        return f"{self._page(repo)}commit/{quoted(sha)}"

    def parts(self, repo: RepositoryRef, url: str) -> tuple[str, str]:
        """See ``SourceLinks``.

        A branch may hold "/": the repository's default branch (``config["default_branch"]``) is
        known, else the branch is the first part, in which a "/" may be written as "%2F".
        """
        page = f"{self._web_url}/{quoted(repo.identifier)}"
        match = self.views.fullmatch(below(url, page)) if self.matches(url) else None
        if match is None:
            return "", ""
        rest = _REFS.sub("", match["rest"])
        return branch_and_path(rest, default=repo.config.get("default_branch", ""))

    def _page(self, repo: RepositoryRef) -> str:
        return f"{self._web_url}/{quoted(repo.identifier)}/{self.separator}"


def branch_and_path(rest: str, *, default: str) -> tuple[str, str]:
    """The two in what follows a view in a URL, as it is written there.

    Of the branch ``default`` it is known where it ends; any other one is the first part.
    """
    text = unquote(rest)
    if default and f"{text}/".startswith(f"{default}/"):
        return default, text[len(default) + 1 :]
    first, _, others = rest.partition("/")
    return unquote(first), unquote(others)


def split_url(url: str) -> SplitResult | None:
    """The URL taken apart; None where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def is_below(url: str, base: str) -> bool:
    """Whether a URL is a base URL or lies below it; a host's upper and lower case are the same."""
    root, other = urlsplit(base), split_url(url)
    return (
        other is not None
        and (other.scheme, other.netloc.lower()) == (root.scheme, root.netloc.lower())
        and f"{other.path}/".startswith(f"{root.path}/")
    )


def below(url: str, page: str) -> str:
    """What follows a page in a URL, as it is written, without query and fragment; "" for others.

    Upper and lower case are the same: hosts find repositories so.
    """
    path, prefix = url.partition("?")[0].partition("#")[0], f"{page}/"
    return path[len(prefix) :] if path[: len(prefix)].lower() == prefix.lower() else ""


def quoted(text: str) -> str:
    """Text as a part of a URL's path, its slashes kept."""
    return quote(text, safe="/@", errors="replace")
