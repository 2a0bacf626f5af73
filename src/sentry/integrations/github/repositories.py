"""GitHub's calls about repositories themselves: path, call, parse."""

from collections.abc import Iterator

from sentry.integrations.github import parse
from sentry.integrations.github.names import in_repository
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.types import RepositoryInfo, RepositoryRef

_PER_PAGE = 100


class GitHubRepositories:
    """A part of ``GitHubClient``."""

    def __init__(self, session: HostSession, *, is_app: bool) -> None:
        """Shares the client's session; ``is_app`` says that the credential is an App's."""
        self._session = session
        self._is_app = is_app

    def list_all(self) -> Iterator[RepositoryInfo]:
        """Every repository that the credential reaches, page after page."""
        where = route("/installation/repositories" if self._is_app else "/user/repos")
        for page in self._session.pages(
            where, resource="repositories", query={"per_page": _PER_PAGE}, whole=True
        ):
            yield from parse.parse_repositories(page.json())

    def get(self, repo: RepositoryRef) -> RepositoryInfo:
        """One repository."""
        where = in_repository(repo)
        return parse.parse_repository(self._session.get_json(where, resource="repository").json())

    def current_name(self, repo: RepositoryRef) -> parse.RepositoryName:
        """What a repository is called now; one without an id is what it is called.

        Raises:
            NotFound: there is no such repository any more.
        """
        known = self.get(repo).identifier if repo.external_id else repo.identifier
        return parse.parse_identifier(known)
