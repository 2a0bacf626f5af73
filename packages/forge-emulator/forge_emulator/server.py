"""The HTTP server: one thread for each connection, quiet, on an address of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # head and body go out in two writes

    def connection_dropped(self, *_details: object) -> None:
        """Close, also where no head was sent that says so."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the request log is the record."""


class Server:
    """Listens from the moment it is made; raises `OSError` when the address is taken."""

    def __init__(self, application: WSGIApplication, host: str, port: int) -> None:
        self._server: BaseWSGIServer = make_server(
            host, port, application, threaded=True, request_handler=_Handler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.host = host
        self.port: int = self._server.server_port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; the socket is closed when this returns."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
