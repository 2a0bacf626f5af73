"""How Azure DevOps' API addresses projects, repositories and what is in them. Pure."""

from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.integrations.vsts.parse import (
    PROJECT_ID,
    is_guid,
    parse_identifier,
    parse_project_of,
)


def project_of(repo: RepositoryRef) -> str:
    """A repository's project: by its id where a synchronization has kept it, else by its name.

    The host takes either everywhere. Another project may have the name by now. The identifier may
    be that of a project alone.

    Raises:
        InvalidArgument: the identifier is none.
    """
    name = parse_project_of(repo.identifier)
    number = repo.config.get(PROJECT_ID, "")
    return number if is_guid(number) else name


def key_of(repo: RepositoryRef) -> str:
    """A repository in its project: by its id where it is known, else by its name.

    Raises:
        InvalidArgument: the identifier is none.
    """
    name = parse_identifier(repo.identifier)
    return repo.external_id if is_guid(repo.external_id) else name.name


def in_repository(repo: RepositoryRef, rest: str, **values: str | int) -> Route:
    """A path below a repository.

    Raises:
        InvalidArgument: the identifier or a value is none.
    """
    return route(
        "/{project}/_apis/git/repositories/{repository}" + rest,
        project=project_of(repo),
        repository=key_of(repo),
        **values,
    )
