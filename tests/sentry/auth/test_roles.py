"""Scopes and roles: what includes what."""

import pytest

from sentry.auth.policy import REST, scope_map
from sentry.auth.roles import Role, scopes_of, sees_all_projects
from sentry.auth.scopes import ALL_SCOPES, expand, validate_scopes

MEMBER = {
    "org:read",
    "project:read",
    "team:read",
    "member:read",
    "event:read",
    "event:write",
    "repository:read",
}


@pytest.mark.parametrize("noun", ["org", "project", "event", "team", "member", "repository"])
def test_the_ladder(noun):
    assert expand([f"{noun}:admin"]) == {f"{noun}:{verb}" for verb in ("admin", "write", "read")}
    assert expand([f"{noun}:write"]) == {f"{noun}:write", f"{noun}:read"}
    assert expand([f"{noun}:read"]) == {f"{noun}:read"}


def test_the_organizations_scopes_do_not_include_its_repositories():
    assert not {one for one in expand(["org:admin"]) if one.startswith("repository:")}


def test_single_scopes_include_nothing():
    for scope in ("org:integrations", "org:ci", "project:releases"):
        assert expand([scope]) == {scope}


def test_roles():
    """architecture.md, "Who may do what"."""
    assert scopes_of(Role.MEMBER) == MEMBER
    admin = scopes_of(Role.ADMIN)
    assert admin - MEMBER == {
        "project:write",
        "project:admin",
        "project:releases",
        "team:write",
        "team:admin",
        "repository:write",
        "org:integrations",
    }
    assert scopes_of(Role.MANAGER) - admin == {"org:write", "member:write", "member:admin"}
    assert scopes_of(Role.OWNER) == ALL_SCOPES


def test_who_sees_all_projects():
    assert {role for role in Role if sees_all_projects(role)} == {Role.MANAGER, Role.OWNER}


def test_unknown_scopes_are_named():
    assert validate_scopes(["org:read", "org:ci", "org:read"]) == ["org:ci", "org:read"]
    with pytest.raises(ValueError, match="org:everything, x"):
        validate_scopes(["x", "org:everything", "org:read"])


def test_endpoints_take_known_scopes():
    for name in REST:
        for scopes in scope_map(name).values():
            assert set(scopes) <= ALL_SCOPES
    with pytest.raises(KeyError):
        scope_map("nothing")
