"""The framing of gRPC-Web: bytes to frames and back, without any input or output.

A frame is one byte of flags, four bytes of length (big-endian) and the payload. Flag 0x01: the
payload is compressed; flag 0x80: it holds the trailers, as lines `name: value` ended by CRLF.
Source: github.com/grpc/grpc, doc/PROTOCOL-WEB.md and doc/PROTOCOL-HTTP2.md.
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from google.rpc import error_details_pb2, status_pb2

from .errors import Internal, ResourceExhausted

COMPRESSED = 0x01
TRAILERS = 0x80
_HEADER = struct.Struct(">BI")
# Trailers carry a status, its message and its details; nothing legitimate comes near this.
_TRAILERS_LIMIT = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame, decompressed."""

    trailers: bool
    payload: bytes


def encode_message(message: bytes, *, compress: bool) -> bytes:
    """Frame one serialized message, compressed with gzip where asked."""
    payload = gzip.compress(message, mtime=0) if compress else message
    return _HEADER.pack(COMPRESSED if compress else 0, len(payload)) + payload


class FrameReader:
    """Cuts a stream of bytes into frames.

    `limit` bounds the payload of one message in bytes, compressed and decompressed alike, so
    that memory is bounded whatever the server sends.
    """

    def __init__(self, *, limit: int, gzip_allowed: bool) -> None:
        self._limit = limit
        self._gzip_allowed = gzip_allowed
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether the bytes so far end inside a frame."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take the next bytes and yield the frames that they complete.

        Raises ResourceExhausted for a frame over the limit, Internal for one that is malformed.
        """
        self._buffer += chunk
        while len(self._buffer) >= _HEADER.size:
            flags, length = _HEADER.unpack_from(self._buffer)
            self._check(flags, length)
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield self._frame(flags, payload)

    def _check(self, flags: int, length: int) -> None:
        if flags & ~(COMPRESSED | TRAILERS):
            raise Internal("the answer is not gRPC-Web: a frame has unknown flags")
        if length > self._limit_of(flags):
            raise too_large(self._limit_of(flags))

    def _limit_of(self, flags: int) -> int:
        return _TRAILERS_LIMIT if flags & TRAILERS else self._limit

    def _frame(self, flags: int, payload: bytes) -> Frame:
        if flags & COMPRESSED:
            if not self._gzip_allowed:
                raise Internal("a frame is compressed, but the answer names no encoding")
            payload = _gunzip(payload, self._limit_of(flags))
        return Frame(trailers=bool(flags & TRAILERS), payload=payload)


def parse_trailers(payload: bytes) -> dict[str, str]:
    """Read the lines of a trailers frame; names in lower case, of a repeated one the last."""
    trailers = {}
    for line in payload.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            trailers[name.strip().lower()] = value.strip()
    return trailers


def too_large(limit: int) -> ResourceExhausted:
    """The error for an answer over `limit` bytes; repeating the call would not help."""
    info = error_details_pb2.ErrorInfo(reason="MESSAGE_TOO_LARGE", domain="sentry-scm-client")
    status = status_pb2.Status()
    status.details.add().Pack(info)
    text = f"the answer is larger than {limit} bytes; raise max_response_bytes or ask for less"
    return ResourceExhausted(text, status.SerializeToString())


def _gunzip(payload: bytes, limit: int) -> bytes:
    machine = zlib.decompressobj(wbits=31)
    try:
        plain = machine.decompress(payload, limit + 1)
    except zlib.error:
        raise Internal("a frame of the answer is not valid gzip") from None
    if len(plain) > limit:
        raise too_large(limit)
    if not machine.eof or machine.unused_data:
        raise Internal("a frame of the answer is not valid gzip")
    return plain
