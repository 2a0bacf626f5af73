"""How GitHub's API addresses repositories and what is in them. Pure."""

from sentry.integrations.github.parse import parse_identifier
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import RepositoryRef


def in_repository(repo: RepositoryRef, rest: str = "", **values: str | int) -> Route:
    """A path in a repository; ``rest`` is a template as ``route`` takes it.

    By GitHub's id where it is known, at the address that GitHub's own redirects and links to
    further pages use: a name may be another repository's by now. Else by the name.

    Raises:
        InvalidArgument: the name can be none, or ``route`` refuses a value.
    """
    if repo.external_id:
        return route("/repositories/{id}" + rest, id=repo.external_id, **values)
    name = parse_identifier(repo.identifier)
    return route("/repos/{owner}/{name}" + rest, owner=name.owner, name=name.name, **values)
