"""Where an installation of GitHub lives. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The base URLs of a GitHub, without a final slash.

    Attributes:
        api: of REST ("https://api.github.com").
        graphql: the GraphQL API's own URL.
        web: of the pages that people see ("https://github.com").
    """

    api: str
    graphql: str
    web: str

    @property
    def host(self) -> str:
        """The API's host and port, which tell one GitHub from another."""
        return urlsplit(self.api).netloc.lower()


def github_endpoints(*, base_url: str, web_url: str) -> Endpoints:
    """GitHub's own layout: GraphQL beside REST."""
    api = base_url.rstrip("/")
    return Endpoints(api=api, graphql=f"{api}/graphql", web=web_url.rstrip("/"))
