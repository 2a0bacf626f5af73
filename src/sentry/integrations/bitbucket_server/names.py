"""How Bitbucket Data Center's API addresses repositories and what is in them. Pure."""

import re
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.http_paths import Route, route

_IDENTIFIER = re.compile(r"(?P<project>~?[A-Za-z0-9._\-]{1,128})/(?P<slug>[A-Za-z0-9._\-]{1,128})")
_DOTS = frozenset({".", ".."})


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryName:
    """The two parts of "PROJ/slug"; a person's own repository has "~user" for a project."""

    project: str
    slug: str

    @property
    def identifier(self) -> str:
        """Both together."""
        return f"{self.project}/{self.slug}"

    @property
    def is_personal(self) -> bool:
        """Whether it is a person's own."""
        return self.project.startswith("~")


def parse_identifier(identifier: str, *, field_name: str = "repo") -> RepositoryName:
    """Takes "PROJ/slug" apart.

    Raises:
        InvalidArgument: it has characters or a form that the host does not allow.
    """
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None or _DOTS & {match["project"].removeprefix("~"), match["slug"]}:
        raise InvalidArgument(field_name, "must be PROJECT/slug or ~user/slug")
    return RepositoryName(project=match["project"], slug=match["slug"])


def in_repository(identifier: str, rest: str = "", **values: str | int) -> Route:
    """A path below a repository, by its present name (see ``client.current_name``).

    Raises:
        InvalidArgument: the identifier is none, or ``in_server`` refuses a value.
    """
    name = parse_identifier(identifier)
    return in_server(
        "/projects/{project}/repos/{slug}" + rest, project=name.project, slug=name.slug, **values
    )


def in_server(template: str, **values: str | int) -> Route:
    """A path of the API.

    Raises:
        InvalidArgument: as ``route`` does, and for a backslash: the servlet container before the
            host refuses it, or takes it for a slash, so that another file would be read.
    """
    for name, value in values.items():
        if "\\" in str(value):
            raise InvalidArgument(name, "must not hold a backslash, which this host does not take")
    return route(template, **values)
