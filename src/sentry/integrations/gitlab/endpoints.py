"""Where an instance of GitLab lives. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_API = "/api/v4"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The base URLs of a GitLab, without a final slash.

    Attributes:
        root: of the instance, as the platform reaches it ("https://gitlab.com"); git and OAuth
            are there.
        web: of the pages that people see.
    """

    root: str
    web: str

    @property
    def api(self) -> str:
        """The base URL of REST v4."""
        return f"{self.root}{_API}"

    @property
    def host(self) -> str:
        """The host, the port and the relative path, which tell one GitLab from another."""
        parts = urlsplit(self.root)
        return f"{parts.netloc.lower()}{parts.path}"

    @property
    def token(self) -> str:
        """Where OAuth's tokens are given out."""
        return f"{self.root}/oauth/token"

    @property
    def token_info(self) -> str:
        """Where OAuth tells of a token."""
        return f"{self.root}/oauth/token/info"


def gitlab_endpoints(*, base_url: str, web_url: str | None) -> Endpoints:
    """From the instance's root or its API's base URL; people see the root unless told otherwise."""
    root = base_url.rstrip("/").removesuffix(_API)
    return Endpoints(root=root, web=(web_url or root).rstrip("/"))
