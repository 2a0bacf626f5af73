"""Which scopes open what: one table for both doors.

An RPC takes exactly the scope of its own declaration (``options.proto``). A REST endpoint takes
any of the scopes listed for it: its RPC's, where it has one, or those that such an endpoint is
known for.
"""

from functools import cache

from sentry.integrations.grpc.generated import options_pb2, scm_pb2

type Scopes = frozenset[str]

_ORGANIZATION_READ: Scopes = frozenset({"org:read", "org:write", "org:admin"})
_ORGANIZATION_WRITE: Scopes = frozenset({"org:write", "org:admin"})
_ORGANIZATION_ADMIN: Scopes = frozenset({"org:admin"})
_MEMBER_READ: Scopes = frozenset({"member:read", "member:write", "member:admin"})
_MEMBER_WRITE: Scopes = frozenset({"member:write", "member:admin"})
_MEMBER_ADMIN: Scopes = frozenset({"member:admin"})
_TEAM_READ: Scopes = frozenset({"team:read", "team:write", "team:admin"})
_TEAM_WRITE: Scopes = frozenset({"team:write", "team:admin"})
_TEAM_ADMIN: Scopes = frozenset({"team:admin"})
_PROJECT_READ: Scopes = frozenset({"project:read", "project:write", "project:admin"})
_PROJECT_WRITE: Scopes = frozenset({"project:write", "project:admin"})
_PROJECT_ADMIN: Scopes = frozenset({"project:admin"})
_INTEGRATIONS_READ: Scopes = _ORGANIZATION_READ | {"org:integrations"}
_LOOSE_READ: Scopes = _INTEGRATIONS_READ | {"org:ci"}
_LOOSE_WRITE: Scopes = _INTEGRATIONS_READ
_INTEGRATIONS_WRITE: Scopes = frozenset({"org:write", "org:admin", "org:integrations"})
_INTEGRATIONS_ADMIN: Scopes = frozenset({"org:admin", "org:integrations"})
_REPOSITORY_READ: Scopes = frozenset({"repository:read"})
_REPOSITORY_WRITE: Scopes = frozenset({"repository:write"})

# What opens an endpoint of an organization that has no line of its own.
ORGANIZATION_DEFAULT: dict[str, Scopes] = {
    "GET": _ORGANIZATION_READ,
    "POST": _ORGANIZATION_WRITE,
    "PUT": _ORGANIZATION_WRITE,
    "DELETE": _ORGANIZATION_ADMIN,
}

# By the URL's name, then by method; HEAD is GET. What is not listed is closed.
REST: dict[str, dict[str, Scopes]] = {
    "sentry-api-0-api-tokens": {"GET": _ORGANIZATION_READ, "POST": _ORGANIZATION_READ},
    "sentry-api-0-api-token-details": {"DELETE": _ORGANIZATION_READ},
    "sentry-api-0-organizations": {"GET": _ORGANIZATION_READ, "POST": _ORGANIZATION_WRITE},
    "sentry-api-0-organization-details": {
        "GET": _ORGANIZATION_READ,
        "PUT": _ORGANIZATION_WRITE,
        "DELETE": _ORGANIZATION_ADMIN,
    },
    "sentry-api-0-organization-members": {"GET": _MEMBER_READ, "POST": _MEMBER_WRITE},
    "sentry-api-0-organization-member-me": {"GET": _MEMBER_READ, "DELETE": _MEMBER_READ},
    "sentry-api-0-organization-member-details": {
        "GET": _MEMBER_READ,
        "PUT": _MEMBER_WRITE,
        "DELETE": _MEMBER_ADMIN,
    },
    "sentry-api-0-organization-member-team-details": {
        "POST": _MEMBER_WRITE | _TEAM_WRITE,
        "DELETE": _MEMBER_WRITE | _TEAM_WRITE,
    },
    "sentry-api-0-organization-teams": {"GET": _TEAM_READ, "POST": _TEAM_WRITE},
    "sentry-api-0-organization-team-details": {
        "GET": _TEAM_READ,
        "PUT": _TEAM_WRITE,
        "DELETE": _TEAM_ADMIN,
    },
    "sentry-api-0-organization-projects": {"GET": _PROJECT_READ, "POST": _PROJECT_WRITE},
    "sentry-api-0-project-details": {
        "GET": _PROJECT_READ,
        "PUT": _PROJECT_WRITE,
        "DELETE": _PROJECT_ADMIN,
    },
    "sentry-api-0-project-teams": {"GET": _PROJECT_READ},
    "sentry-api-0-project-team-details": {"POST": _PROJECT_WRITE, "DELETE": _PROJECT_WRITE},
    "sentry-api-0-organization-api-keys": {
        "GET": _ORGANIZATION_WRITE,
        "POST": _ORGANIZATION_WRITE,
    },
    "sentry-api-0-organization-api-key-details": {
        "GET": _ORGANIZATION_WRITE,
        "PUT": _ORGANIZATION_WRITE,
        "DELETE": _ORGANIZATION_WRITE,
    },
    "sentry-api-0-organization-auth-tokens": {
        "GET": _ORGANIZATION_WRITE,
        "POST": _ORGANIZATION_WRITE,
    },
    "sentry-api-0-organization-auth-token-details": {
        "GET": _ORGANIZATION_WRITE,
        "PUT": _ORGANIZATION_WRITE,
        "DELETE": _ORGANIZATION_WRITE,
    },
    "sentry-api-0-organization-integrations": {
        "GET": _INTEGRATIONS_READ | _REPOSITORY_READ,
        "POST": _INTEGRATIONS_WRITE,
    },
    "sentry-api-0-organization-integration-details": {
        "GET": _INTEGRATIONS_READ | _REPOSITORY_READ,
        "PUT": _INTEGRATIONS_WRITE,
    },
    "sentry-api-0-organization-repositories": {
        "GET": _LOOSE_READ | _REPOSITORY_READ,
        "POST": _INTEGRATIONS_WRITE | _REPOSITORY_WRITE,
    },
    "sentry-api-0-organization-repository-details": {
        "GET": _INTEGRATIONS_READ | _REPOSITORY_READ,
        "PUT": _INTEGRATIONS_WRITE | _REPOSITORY_WRITE,
        "DELETE": _INTEGRATIONS_ADMIN,
    },
    "sentry-api-0-organization-repository-webhook": {
        "POST": _INTEGRATIONS_WRITE | _REPOSITORY_WRITE,
        "DELETE": _INTEGRATIONS_WRITE | _REPOSITORY_WRITE,
    },
    "sentry-api-0-organization-repository-commits": {"GET": _INTEGRATIONS_READ | _REPOSITORY_READ},
    "sentry-api-0-organization-code-mappings": {
        "GET": _LOOSE_READ | _REPOSITORY_READ,
        "POST": _LOOSE_WRITE | _REPOSITORY_WRITE,
    },
    "sentry-api-0-organization-code-mapping-details": {
        "GET": _LOOSE_READ | _REPOSITORY_READ,
        "PUT": _LOOSE_WRITE | _REPOSITORY_WRITE,
        "DELETE": _INTEGRATIONS_ADMIN | _REPOSITORY_WRITE,
    },
}

# The RPC that does the same work as a REST endpoint's method; its scope opens both.
SAME_WORK: dict[tuple[str, str], str] = {
    ("sentry-api-0-organization-integrations", "GET"): "ListIntegrations",
    ("sentry-api-0-organization-repositories", "GET"): "ListRepositories",
    ("sentry-api-0-organization-repository-details", "GET"): "GetRepository",
    ("sentry-api-0-organization-repository-commits", "GET"): "ListCommits",
    ("sentry-api-0-organization-code-mappings", "POST"): "CreateCodeMapping",
}


@cache
def rpc_scopes() -> dict[str, str]:
    """The scope of every RPC, by the method's name; empty for one without a policy."""
    service = scm_pb2.DESCRIPTOR.services_by_name["ScmService"]
    return {
        method.name: method.GetOptions().Extensions[options_pb2.policy].scope
        for method in service.methods
    }


def scope_map(url_name: str) -> dict[str, list[str]]:
    """The accepted scopes of an endpoint, by method.

    Raises:
        KeyError: the endpoint is not in the table.
    """
    return {method: sorted(scopes) for method, scopes in REST[url_name].items()}
