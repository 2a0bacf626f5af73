"""How Bitbucket's API addresses repositories and what is in them. Pure."""

from sentry.integrations.bitbucket.parse import is_uuid, parse_identifier
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import RepositoryRef


def in_repository(repo: RepositoryRef, rest: str, **values: str | int) -> Route:
    """A path below a repository: by its UUID where it is known, in the place of the slug.

    Another repository may have the slug by now; none has this UUID. The workspace goes by its name.
    The API's description does not say whether a former one reaches a repository that was
    transferred, which is assumed here; where it does not, the host answers NOT_FOUND.

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
