"""Faults on the wire, for every dialect alike."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from forge_emulator.faults import Fault

_CHUNK = 64 * 1024
_DRIPS = 20
_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Unicorn!</title></head>"
    b"<body><p>This page is taking too long to load.</p></body></html>\n"
)


class ConnectionLostError(ConnectionAbortedError):
    """Tells the HTTP server to close the connection at once."""


def instead_of_answer(fault: Fault) -> Response | None:
    """The response that a fault puts in the place of the real one, or None where it needs that."""
    match fault.kind:
        case "drop":
            raise ConnectionLostError
        case "html":
            response = Response(fault.body or _PAGE, fault.status or 200)
            response.headers["Content-Type"] = fault.content_type or "text/html; charset=utf-8"
        case "empty":
            response = Response(b"", fault.status or 200)
            response.headers["Content-Type"] = "application/json; charset=utf-8"
        case "redirect":
            response = Response(b"", fault.status or 302)
            response.autocorrect_location_header = False
            response.headers["Location"] = fault.location
        case "oversized":
            response = Response(_oversized(fault.size), content_type="application/json")
        case "gzip_bomb":
            response = Response(_bomb(fault.size), content_type="application/json")
            response.headers["Content-Encoding"] = "gzip"
        case _:
            return None
    return response


def spoil(fault: Fault, response: Response, stop: threading.Event) -> Response:
    """The real response, spoilt where the fault is of that sort; `stop` ends a slow one."""
    if fault.kind not in {"truncated", "slow_drip"}:
        return response
    response.direct_passthrough = False  # a streamed answer is read whole, and its source ends
    body = fault.body if fault.body is not None else response.get_data()
    if fault.content_type:
        response.headers["Content-Type"] = fault.content_type
    response.headers["Content-Length"] = str(len(body))
    if fault.kind == "truncated":
        response.response = _half(body)
    else:
        response.response = _drip(body, 1.0 if fault.seconds is None else fault.seconds, stop)
    response.automatically_set_content_length = False
    return response


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionLostError


def _drip(body: bytes, seconds: float, stop: threading.Event) -> Iterator[bytes]:
    """The body in about twenty pieces, evenly over that many seconds."""
    step = max(1, -(-len(body) // _DRIPS))
    for at in range(0, len(body), step):
        yield body[at : at + step]
        if stop.wait(seconds / _DRIPS):
            raise ConnectionLostError


def _oversized(size: int) -> Iterator[bytes]:
    """A JSON object of `size` bytes, never held as a whole."""
    head, tail = b'{"data": "', b'"}'
    yield head
    left = size - len(head) - len(tail)
    while left > 0:
        yield b"x" * min(left, _CHUNK)
        left -= _CHUNK
    yield tail


@lru_cache(maxsize=4)
def _bomb(size: int) -> bytes:
    """Gzip data (RFC 1952) that unpacks to a JSON string of `size` bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'"')]
    blank = json.dumps(" " * _CHUNK)[1:-1].encode()
    left = size - 2
    while left > 0:
        parts.append(packer.compress(blank[:left]))
        left -= _CHUNK
    return b"".join([*parts, packer.compress(b'"'), packer.flush()])
