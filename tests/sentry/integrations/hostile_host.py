"""A host whose lists never end or lead elsewhere, in each of the hosts' kinds of paging."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sentry.integrations.source_code_management.types import ProviderKey

SECRET = "hunter2hunter2hunter2"

type Page = tuple[Mapping[str, str], Any]
type PageAfter = Callable[[str, int], Page]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How a provider is told of the next page.

    Attributes:
        metadata: an integration's, for a host at this URL.
        page: headers and body of a page whose next one is number ``n`` at this origin. A host that
            names the next page by a number or a token alone leaves the origin out.
        names_origin: whether a link could lead elsewhere at all.
    """

    metadata: Callable[[str], Mapping[str, Any]]
    page: PageAfter
    names_origin: bool = True


def _linked(origin: str, number: int) -> Page:
    return {"Link": f'<{origin}/list?page={number}>; rel="next"'}, []


def _in_the_body(origin: str, number: int) -> Page:
    return {}, {"values": [], "next": f"{origin}/2.0/user/workspaces?page={number}"}


def _by_start(_: str, number: int) -> Page:
    return {}, {"values": [], "size": 0, "limit": 1, "isLastPage": False, "nextPageStart": number}


def _by_token(_: str, number: int) -> Page:
    return {"x-ms-continuationtoken": str(number)}, {"count": 0, "value": []}


PAGING: dict[ProviderKey, Paging] = {
    ProviderKey.GITHUB: Paging(
        metadata=lambda url: {"base_url": url, "web_url": url, "token": SECRET}, page=_linked
    ),
    ProviderKey.GITHUB_ENTERPRISE: Paging(
        metadata=lambda url: {"base_url": url, "token": SECRET}, page=_linked
    ),
    ProviderKey.GITLAB: Paging(
        metadata=lambda url: {"base_url": url, "token": SECRET}, page=_linked
    ),
    ProviderKey.BITBUCKET: Paging(
        metadata=lambda url: {
            "base_url": f"{url}/2.0", "web_url": url, "email": "a@example.com", "api_token": SECRET,
        },
        page=_in_the_body,
    ),
    ProviderKey.BITBUCKET_SERVER: Paging(
        metadata=lambda url: {"base_url": url, "token": SECRET}, page=_by_start, names_origin=False
    ),
    ProviderKey.VSTS: Paging(
        metadata=lambda url: {"base_url": f"{url}/acme", "token": SECRET},
        page=_by_token,
        names_origin=False,
    ),
}  # fmt: skip


@dataclass
class HostileHost:
    """A server on loopback and what it was asked: paths with their queries."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def hostile_host(page: PageAfter, elsewhere: str = "") -> Iterator[HostileHost]:
    """Answers every request with a page that is not the last; ``elsewhere`` is where that leads."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one write

        def do_GET(self) -> None:
            asked.append(self.path)
            host, port = server.server_address[:2]
            headers, body = page(elsewhere or f"http://{host!s}:{port}", len(asked) + 1)
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield HostileHost(url=f"http://127.0.0.1:{server.server_address[1]}", asked=asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
