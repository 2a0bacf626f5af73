"""A token endpoint on loopback that takes every refresh token once, as strict hosts do."""

import base64
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus

from werkzeug.wrappers import Request, Response

from forge_emulator.server import Server

CLIENT_ID, CLIENT_SECRET = "client:1", "s3cret & more"
START = Callable[..., Any]


@dataclass
class TokenServer:
    """Gives out the pairs access-N and refresh-N; refresh-0 is good for the first.

    Attributes:
        lifetime: seconds, as told in ``expires_in``; None tells nothing.
        rotates: whether a refresh token is good for one use.
        answers: what to answer in place of the next pair: (status, content type, body).
        before: called inside every request, before it is answered.
        forms: the fields of every request.
    """

    lifetime: int | None = 7200
    rotates: bool = True
    basic: bool = False
    answers: list[tuple[int, str, str]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    forms: list[dict[str, str]] = field(default_factory=list)
    given: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._good = {"refresh-0"}
        self._server = Server(self._application, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        return f"{self._server.url}/oauth/token"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def revoke(self) -> None:
        """Takes no refresh token any more that was given out."""
        self._good.clear()

    def _application(self, environ: dict[str, Any], start: START) -> Iterable[bytes]:
        request = Request(environ)
        text = request.get_data(as_text=True)
        form = {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}
        with self._lock:
            self.forms.append(form)
            self.before()
            status, kind, body = self._answer(request, form)
        return Response(body, status=status, content_type=kind)(environ, start)

    def _answer(self, request: Request, form: dict[str, str]) -> tuple[int, str, str]:
        if self.answers:
            return self.answers.pop(0)
        if self._client(request, form) != (CLIENT_ID, CLIENT_SECRET):
            return _json(401, error="invalid_client")
        if form["grant_type"] == "client_credentials":
            return self._pair(refresh=False)
        if form["refresh_token"] not in self._good:
            self.refused += 1
            return _json(400, error="invalid_grant", error_description="used")
        if self.rotates:
            self._good.remove(form["refresh_token"])
        return self._pair(refresh=True)

    def _pair(self, *, refresh: bool) -> tuple[int, str, str]:
        self.given += 1
        body: dict[str, object] = {"access_token": f"access-{self.given}", "token_type": "Bearer"}
        if self.lifetime is not None:
            body["expires_in"] = self.lifetime
        if refresh and self.rotates:
            body["refresh_token"] = f"refresh-{self.given}"
            self._good.add(f"refresh-{self.given}")
        return _json(200, **body)

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str, str] | None:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        if self.basic and kind == "Basic":
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            return unquote_plus(name), unquote_plus(secret)
        return None if self.basic else (form.get("client_id", ""), form.get("client_secret", ""))


def _json(status: int, **body: object) -> tuple[int, str, str]:
    return status, "application/json", json.dumps(body)
