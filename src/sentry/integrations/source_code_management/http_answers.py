"""Deciphers what hosts answer: (status, headers, body) to data, next page or error. Pure."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.json_reader import Json, decode_json

_CHUNK = 64 * 1024
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL_NEXT = re.compile(r";\s*rel=\"?(?:[^\";]* )?next(?: [^\";]*)?\"?(?:\s*[;,]|\s*$)")
_REL_LAST = re.compile(r";\s*rel=\"?last\"?(?:\s*[;,]|\s*$)")
_PERMISSIONS = re.compile(r"[a-z][a-z_:=, -]{0,199}")
_PAGE = re.compile(r"[?&]page=([0-9]{1,6})(?:&|$)")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRYABLE = frozenset({502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class HostResponse:
    """What a host answered.

    Attributes:
        status: the HTTP status.
        headers: with names in lower case; repeated ones joined by ", ".
        body: decompressed; the first bytes only where ``truncated``.
        url: the URL that answered, after redirects.
        truncated: the body went on where the caller wanted no more.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = ""
    truncated: bool = False

    def json(self) -> Json:
        """The body as JSON.

        Raises:
            HostUnavailable: it is none: HTML, half a document, empty, with NaN, nested too deep.
        """
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip()
        if not kind.lower().endswith(("/json", "+json")):
            raise HostUnavailable(
                "the host answered with something other than JSON", status=self.status
            )
        try:
            return decode_json(self.body)
        except HostUnavailable:
            raise HostUnavailable(
                "the host answered with JSON that cannot be read", status=self.status
            ) from None

    def file_bytes(self) -> bytes:
        """The body as a file's bytes, of a host that never sends one as a page for people.

        Raises:
            HostUnavailable: it is a page: somebody between us and the host answered, or a sign-in.
        """
        if self.headers.get("content-type", "").lower().startswith("text/html"):
            raise HostUnavailable("a page came in the place of the file", status=self.status)
        return self.body


class Transient(Exception):  # noqa: N818 -- a signal from one try to the session
    """A failure that a repeated try may mend; ``wait`` is what the host asks for, in seconds."""

    def __init__(self, error: ScmError, *, wait: float | None = None) -> None:
        """Carries the error to raise where no try is left."""
        super().__init__()
        self.error = error
        self.wait = wait

    def again(self) -> "Transient":
        """The same for another thread to raise."""
        return Transient(self.error.again(), wait=self.wait)


def error_of(response: HostResponse, *, resource: str, needs: str = "") -> ScmError | None:
    """The error that a status means; None for a success. Limits are the dialect's to tell.

    ``needs`` is the permission whose lack a 403 tells of, "" where it tells of none.
    """
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status == HTTPStatus.UNAUTHORIZED:
        return IntegrationBroken()
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS):
        return HostForbidden(needs=needs, status=status)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(resource)
    if status == HTTPStatus.REQUEST_TIMEOUT or not 400 <= status < 500:  # noqa: PLR2004 -- the client's own errors
        return HostUnavailable(f"the host answered with the status {status}", status=status)
    return HostRejected(f"the host rejected the request with the status {status}", status=status)


def permissions_named(text: str) -> str:
    """The text, if it has the form of the permissions' names that hosts give, else ""."""
    return text if _PERMISSIONS.fullmatch(text) else ""


def next_link(headers: Mapping[str, str]) -> str | None:
    """The target of ``rel="next"`` in a Link header (RFC 8288)."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _REL_NEXT.search(parameters):
            return str(target)
    return None


def pages_told(headers: Mapping[str, str]) -> int | None:
    """How many pages a list has: the ``page`` of ``rel="last"``; None where nothing says so."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _REL_LAST.search(parameters) and (page := _PAGE.search(target)):
            return int(page[1])
    return None


def seconds_of(text: str | None, *, now: float) -> float | None:
    """The seconds in a Retry-After header (RFC 9110: seconds or a date); None where unreadable.

    Args:
        text: the header's value.
        now: unix time.
    """
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return max(0.0, (aware - datetime.fromtimestamp(now, UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


class BodyReader:
    """Takes a body in, chunk by chunk, decompresses it and stops at a limit.

    Never holds more than the limit and one chunk, so that a small bomb stays small.
    """

    def __init__(self, *, encoding: str, limit: int) -> None:
        """Takes the Content-Encoding header and the most bytes to keep, after decompression.

        Raises:
            HostUnavailable: an encoding that was not asked for.
        """
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip"):
            raise HostUnavailable("the host answered in an encoding that was not asked for")
        self._gzip = zlib.decompressobj(wbits=31) if "gzip" in name else None
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._fed = False
        self.full = False

    def feed(self, chunk: bytes) -> None:
        """Takes a chunk; ``full`` says that more came than the limit allows.

        Raises:
            HostUnavailable: the compression is broken.
        """
        self._fed = self._fed or bool(chunk)
        if self._gzip is None:
            self._keep(chunk)
            return
        try:
            while chunk and not self.full:
                self._keep(self._gzip.decompress(chunk, _CHUNK))
                chunk = self._gzip.unconsumed_tail
        except zlib.error:
            raise HostUnavailable("the host's answer is not properly compressed") from None

    def _keep(self, data: bytes) -> None:
        room = self._limit - self._size
        self.full = self.full or len(data) > room
        self._parts.append(data[:room])
        self._size += min(len(data), room)

    def close(self) -> bytes:
        """The whole body.

        Raises:
            HostUnavailable: the compressed stream ended early, or goes on after its end.
        """
        if self._gzip is not None and self._fed and not self.full:
            self._keep(self._gzip.flush())
            if not self._gzip.eof or self._gzip.unused_data:
                raise HostUnavailable("the host's answer is not properly compressed")
        return b"".join(self._parts)

    def drop(self) -> None:
        """Lets go of what it holds."""
        self._parts.clear()
        self._gzip = None
