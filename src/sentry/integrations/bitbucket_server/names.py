"""How Bitbucket Data Center names a repository. Pure."""

import re
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import InvalidArgument

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
