"""Which scopes open what: one table for both doors.

An RPC takes exactly the scope of its own declaration (``options.proto``). A REST endpoint takes
any of the scopes listed for it: its RPC's, where it has one, or those that such an endpoint is
known for.
"""

from functools import cache

from sentry.integrations.grpc.generated import options_pb2, scm_pb2

type Scopes = frozenset[str]

_ORGANIZATION_READ: Scopes = frozenset({"org:read", "org:write", "org:admin"})
_INTEGRATIONS_READ: Scopes = _ORGANIZATION_READ | {"org:integrations"}
_LOOSE_READ: Scopes = _INTEGRATIONS_READ | {"org:ci"}
_LOOSE_WRITE: Scopes = _INTEGRATIONS_READ
_REPOSITORY_READ: Scopes = frozenset({"repository:read"})
_REPOSITORY_WRITE: Scopes = frozenset({"repository:write"})

# By the URL's name, then by method; HEAD is GET. What is not listed is closed.
REST: dict[str, dict[str, Scopes]] = {
    "sentry-api-0-organizations": {"GET": _ORGANIZATION_READ},
    "sentry-api-0-organization-details": {"GET": _ORGANIZATION_READ},
    "sentry-api-0-organization-repositories": {"GET": _LOOSE_READ | _REPOSITORY_READ},
    "sentry-api-0-organization-repository-details": {"GET": _INTEGRATIONS_READ | _REPOSITORY_READ},
    "sentry-api-0-organization-repository-commits": {"GET": _INTEGRATIONS_READ | _REPOSITORY_READ},
    "sentry-api-0-organization-code-mappings": {
        "GET": _LOOSE_READ | _REPOSITORY_READ,
        "POST": _LOOSE_WRITE | _REPOSITORY_WRITE,
    },
}

# The RPC that does the same work as a REST endpoint's method; its scope opens both.
SAME_WORK: dict[tuple[str, str], str] = {
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
