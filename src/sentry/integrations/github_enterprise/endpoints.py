"""Where a GitHub Enterprise Server lives. Pure."""

from sentry.integrations.github.endpoints import Endpoints

_REST = "/api/v3"


def enterprise_endpoints(*, base_url: str, web_url: str = "") -> Endpoints:
    """The server's own layout, from its root or the address of its REST API.

    ``web_url`` is given where people see its pages elsewhere than at the root.
    """
    root = base_url.rstrip("/").removesuffix(_REST).rstrip("/")
    return Endpoints(
        api=f"{root}{_REST}",
        graphql=f"{root}/api/graphql",
        web=web_url.rstrip("/") or root,
    )
