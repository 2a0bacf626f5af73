"""Where an installation of Bitbucket Data Center lives. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from sentry.integrations.bitbucket_server.names import RepositoryName

_API = re.compile(r"/rest/api/(latest|1\.0)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The base URLs of a server, without a final slash.

    Attributes:
        server: the server itself ("https://bitbucket.example.com/context").
        web: of the pages that people see, as a rule the same.
    """

    server: str
    web: str

    @property
    def api(self) -> str:
        """The base URL of REST."""
        return f"{self.server}/rest/api/latest"

    @property
    def host(self) -> str:
        """The host, the port and the context path, which tell one server from another."""
        parts = urlsplit(self.server)
        return f"{parts.netloc.lower()}{parts.path}"

    def page(self, name: RepositoryName) -> str:
        """A repository's page, below which those of its files and commits are."""
        if name.is_personal:
            return f"{self.web}/users/{quote(name.project[1:])}/repos/{quote(name.slug)}"
        return f"{self.web}/projects/{quote(name.project)}/repos/{quote(name.slug)}"

    def clone(self, name: RepositoryName) -> str:
        """The URL at which git finds a repository; it holds no credential."""
        return f"{self.server}/scm/{quote(name.project.lower())}/{quote(name.slug)}.git"


def server_endpoints(*, base_url: str, web_url: str | None) -> Endpoints:
    """The layout of a server from its base URL, which may be that of its REST API too."""
    server = _API.sub("", base_url.rstrip("/")).rstrip("/")
    return Endpoints(server=server, web=(web_url or server).rstrip("/"))
