"""How Bitbucket's API addresses repositories and what is in them. Pure."""

from sentry.integrations.bitbucket.parse import is_uuid, parse_identifier
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import RepositoryRef


def in_repository(repo: RepositoryRef, rest: str, **values: str | int) -> Route:
    """A path below a repository: by its UUID where it is known, which outlives its name.

    Another repository may have the name by now. The workspace goes by its name: no repository of
    another one has this UUID.

    Raises:
        InvalidArgument: the identifier or a value is not one.
    """
    name = parse_identifier(repo.identifier)
    return route(
        "/repositories/{workspace}/{repository}" + rest,
        workspace=name.workspace,
        repository=repo.external_id if is_uuid(repo.external_id) else name.slug,
        **values,
    )
