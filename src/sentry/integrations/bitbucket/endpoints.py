"""Where Bitbucket Cloud lives. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The base URLs of a Bitbucket, without a final slash.

    Attributes:
        api: of REST 2.0 ("https://api.bitbucket.org/2.0").
        web: of the pages that people see, of git and of OAuth ("https://bitbucket.org").
    """

    api: str
    web: str

    @property
    def host(self) -> str:
        """The API's host and port, which tell one Bitbucket from another."""
        return urlsplit(self.api).netloc.lower()

    @property
    def token(self) -> str:
        """Where OAuth's tokens are given out."""
        return f"{self.web}/site/oauth2/access_token"


def bitbucket_endpoints(*, base_url: str, web_url: str) -> Endpoints:
    """The two base URLs, however they end."""
    return Endpoints(api=base_url.rstrip("/"), web=web_url.rstrip("/"))
