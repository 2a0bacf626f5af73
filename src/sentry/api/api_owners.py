"""Who answers for an endpoint."""

from enum import StrEnum


class ApiOwner(StrEnum):
    """The part of the platform that an endpoint belongs to; internal errors are logged with it."""

    ACCESS = "access"  # organizations, members, teams, credentials
    PROJECTS = "projects"
    SOURCE_CODE = "source-code"  # integrations, repositories, commits, code mappings
    UNOWNED = "unowned"  # nobody yet: only what the allow-list of sentry.apidocs names
