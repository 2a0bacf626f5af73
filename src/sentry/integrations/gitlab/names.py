"""How GitLab's API addresses projects and what is in them. Pure."""

import re
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.types import RepositoryRef

_PART = r"[A-Za-z0-9_.][A-Za-z0-9_.\-]{0,254}"
_IDENTIFIER = re.compile(rf"{_PART}(?:/{_PART}){{1,20}}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ISSUE_KEY = re.compile(r"(?P<repo>[^#]+)#(?P<number>[1-9][0-9]{0,8})")


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryName:
    """The two parts of "group/subgroup/name"; a group's own groups are in ``group``."""

    group: str
    name: str

    @property
    def identifier(self) -> str:
        """Both together: the path of a project with its groups."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project of the API: ``address`` is its number, or its path with its groups."""

    address: str

    def route(self, rest: str = "", **values: str | int) -> Route:
        """A path below the project. A value's slashes are encoded: it is one segment."""
        return route("/projects/{project}" + rest, project=self.address, **values)

    def file_route(self, rest: str, *, path: str) -> Route:
        """A path below one of its files.

        Raises:
            InvalidArgument: ``path`` leads elsewhere.
        """
        route("{+path}", path=path)
        return self.route("/repository/files/{path}" + rest, path=path)


def project_of(repo: RepositoryRef) -> Project:
    """The project by its number where that is known, which outlives its names; else by its path.

    Raises:
        InvalidArgument: neither can be one.
    """
    number = repo.external_id.rpartition(":")[2]
    if _NUMBER.fullmatch(number):
        return Project(address=number)
    return named_project(repo.identifier)


def named_project(identifier: str) -> Project:
    """The project of a path ("group/subgroup/name"), or of a number.

    Raises:
        InvalidArgument: it can be neither.
    """
    if not _NUMBER.fullmatch(identifier):
        parse_identifier(identifier)
    return Project(address=identifier)


def parse_identifier(identifier: str) -> RepositoryName:
    """Takes the path of a project with its groups apart.

    Raises:
        InvalidArgument: it can be none.
    """
    if not _IDENTIFIER.fullmatch(identifier) or {".", ".."} & set(identifier.split("/")):
        raise InvalidArgument("identifier", 'expected a path of the form "group/name"')
    group, _, name = identifier.rpartition("/")
    return RepositoryName(group=group, name=name)


def issue_of(key: str) -> tuple[str, int]:
    """The project's path and the number of an issue's key ("group/name#7").

    Raises:
        InvalidArgument: it is no key.
    """
    match = _ISSUE_KEY.fullmatch(key)
    if match is None:
        raise InvalidArgument("key", 'expected a key of the form "group/name#7"')
    return parse_identifier(match["repo"]).identifier, int(match["number"])
