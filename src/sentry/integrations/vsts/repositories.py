"""Azure DevOps' calls about repositories themselves: path, call, parse."""

from collections.abc import Iterator

from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.types import RepositoryInfo, RepositoryRef
from sentry.integrations.vsts import parse
from sentry.integrations.vsts.api import VstsApi
from sentry.integrations.vsts.names import in_repository

_PER_PAGE = 100


class VstsRepositories:
    """A part of ``VstsClient``."""

    def __init__(self, api: VstsApi) -> None:
        """Shares the client's service."""
        self._api = api

    def list_all(self) -> Iterator[RepositoryInfo]:
        """Every repository that the credential reaches, project after project."""
        pages = self._api.pages(
            route("/_apis/projects"), resource="organization", query={"$top": _PER_PAGE}
        )
        for page in pages:
            for project in parse.parse_projects(page.json()):
                yield from self.list_project(project)

    def list_project(self, project: str) -> list[RepositoryInfo]:
        """The host gives all of a project at once; one that went meanwhile has none."""
        where = route("/{project}/_apis/git/repositories", project=project)
        try:
            answer = self._api.get(where, resource="project")
        except NotFound:
            return []
        return parse.parse_repositories(answer.json())

    def get(self, repo: RepositoryRef) -> RepositoryInfo:
        """One repository."""
        answer = self._api.get(in_repository(repo, ""), resource="repository")
        return parse.parse_repository(answer.json())

    def current_name(self, repo: RepositoryRef) -> parse.RepositoryName:
        """What a repository is called now; one without an id is what it is called.

        Raises:
            NotFound: there is no such repository any more.
        """
        known = parse.parse_identifier(repo.identifier)
        if not parse.is_guid(repo.external_id):
            return known
        return parse.parse_identifier(self.get(repo).identifier)
