"""Turns the pages on which Azure DevOps asks people to sign in into the 401 that they mean.

A credential that it does not accept may be answered with the page itself and the status 203, or
with a redirect to it, in place of a 401.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

_PAGE = "text/html"
_SIGN_IN = ("/_signin", "/_signedin", "/oauth2/authorize", "/oauth2/v2.0/authorize")


class SignInTransport(httpx.BaseTransport):
    """A transport whose answers to a rejected credential are 401 alone."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """Takes the transport that sends."""
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request.

        Raises:
            httpx.TransportError: the connection failed.
            IntegrationBroken: the host's address is not allowed.
        """
        response = self._inner.handle_request(request)
        if not _asks_to_sign_in(response):
            return response
        response.close()
        return httpx.Response(HTTPStatus.UNAUTHORIZED, stream=httpx.ByteStream(b""))


def _asks_to_sign_in(response: httpx.Response) -> bool:
    if response.status_code == HTTPStatus.NON_AUTHORITATIVE_INFORMATION:
        kind: str = response.headers.get("content-type", "")
        return kind.lower().startswith(_PAGE)
    if response.status_code != HTTPStatus.FOUND:
        return False
    location: str = response.headers.get("location", "")
    try:
        path = urlsplit(location).path.lower()
    except ValueError:
        return False
    return path.rstrip("/").endswith(_SIGN_IN)
