"""Roles of members and the scopes that they carry."""

from enum import StrEnum

from sentry.auth.scopes import ALL_SCOPES, expand


class Role(StrEnum):
    """A member's role, from the least to the most."""

    MEMBER = "member"
    ADMIN = "admin"
    MANAGER = "manager"
    OWNER = "owner"


_MEMBER = {
    "org:read",
    "project:read",
    "team:read",
    "member:read",
    "event:read",
    "event:write",
    "repository:read",
}
_ADMIN = _MEMBER | {
    "project:admin",
    "project:releases",
    "team:admin",
    "repository:write",
    "org:integrations",
}
_MANAGER = _ADMIN | {"org:write", "member:admin"}

_SCOPES = {
    Role.MEMBER: expand(_MEMBER),
    Role.ADMIN: expand(_ADMIN),
    Role.MANAGER: expand(_MANAGER),
    Role.OWNER: ALL_SCOPES,
}


def scopes_of(role: Role) -> frozenset[str]:
    """All scopes of a role, included ones too."""
    return _SCOPES[role]


def sees_all_projects(role: Role) -> bool:
    """Whether the role reaches every project, whatever its teams."""
    return role in (Role.MANAGER, Role.OWNER)
