"""Signed requests, version 1: the credential of other services.

The signature is HMAC-SHA256 in hex over the lines of ``canonical_request``, sent as
``x-signature: v1=<hex>``. It covers the exact bytes of the body as sent, so it is checked before
anything is decoded. ``tests/vectors/signature_v1.json`` holds examples for every implementation.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from sentry.auth.authentication import parse_organization_id
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.nonces import reserve_nonce
from sentry.auth.scopes import expand, validate_scopes
from sentry.integrations.source_code_management.errors import Reason, Unauthenticated

VERSION = "v1"
TOLERANCE_SECONDS = 300
_MAX_FIELD_LENGTH = 128
# 16 bytes in base64url have 22 digits
_NONCE = re.compile(r"[A-Za-z0-9_-]{22,126}={0,2}")
_MIN_SECRET_LENGTH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """What is signed, as the request carries it; absent headers are empty.

    Attributes:
        method: the HTTP method.
        path: the path as the server is given it; those of RPCs have nothing to decode.
        query: the raw query string.
        encoding: the encoding header that this content type uses.
        signature: ``x-signature``; not signed itself.
        body: the body's bytes as sent.
    """

    method: str
    path: str
    query: str
    key_id: str
    organization_id: str
    content_type: str
    encoding: str
    idempotency_key: str
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    body: bytes = field(repr=False)


def canonical_request(request: SignedRequest) -> bytes:
    """The bytes that are signed: twelve lines joined by LF, no final LF."""
    path = request.path.removeprefix("/grpc") if request.path.startswith("/grpc/") else request.path
    lines = (
        VERSION,
        request.key_id,
        request.method.upper(),
        path,
        request.query,
        request.organization_id,
        request.content_type,
        request.encoding,
        request.idempotency_key,
        request.timestamp,
        request.nonce,
        hashlib.sha256(request.body).hexdigest(),
    )
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def sign(request: SignedRequest, secret: str) -> str:
    """The value of ``x-signature`` for the request under a secret."""
    digest = hmac.new(secret.encode(), canonical_request(request), hashlib.sha256).hexdigest()
    return f"{VERSION}={digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedSecret:
    """One service that may sign: the first secret signs, all verify.

    ``organizations`` None means every one.
    """

    id: str
    secrets: tuple[str, ...] = field(repr=False)
    scopes: frozenset[str]
    organizations: frozenset[int] | None

    def may_act_in(self, organization_id: int) -> bool:
        """Whether the service is configured for the organization."""
        return self.organizations is None or organization_id in self.organizations


class MalformedSecretsError(ValueError):
    """``SCM_SHARED_SECRETS`` cannot be used; the text says why, without any secret."""


@lru_cache(maxsize=8)
def parse_shared_secrets(
    text: str,
) -> Mapping[str, SharedSecret]:  # guide: abstract-return - the cached one: nobody may change it
    """The services in ``SCM_SHARED_SECRETS``, by id.

    It is a JSON list of ``{id, secrets, scopes, organizations}``.

    Raises:
        MalformedSecretsError: it is not of that form.
    """
    if not text:
        return {}
    try:
        entries = json.loads(text)
    except ValueError:
        raise MalformedSecretsError("it is no JSON") from None
    if not isinstance(entries, list):
        raise MalformedSecretsError("expected a list of objects")
    parsed = [_parse_entry(entry) for entry in entries]
    if len({entry.id for entry in parsed}) != len(parsed):
        raise MalformedSecretsError("an id stands twice")
    return {entry.id: entry for entry in parsed}


def _parse_entry(entry: object) -> SharedSecret:
    if not isinstance(entry, dict) or set(entry) != {"id", "secrets", "scopes", "organizations"}:
        raise MalformedSecretsError("each object needs id, secrets, scopes and organizations")
    key_id, secrets, scopes = entry["id"], entry["secrets"], entry["scopes"]
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _MAX_FIELD_LENGTH:
        raise MalformedSecretsError("an id is a text of at most 128 characters")
    if not _is_texts(secrets) or any(len(secret) < _MIN_SECRET_LENGTH for secret in secrets):
        raise MalformedSecretsError(f"{key_id}: secrets are texts of at least 20 characters")
    if not _is_texts(scopes):
        raise MalformedSecretsError(f"{key_id}: scopes is a list of texts")
    try:
        held = expand(validate_scopes(scopes))
    except ValueError as error:
        raise MalformedSecretsError(f"{key_id}: {error}") from None
    return SharedSecret(
        id=key_id,
        secrets=tuple(secrets),
        scopes=held,
        organizations=_parse_organizations(key_id, entry["organizations"]),
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _parse_organizations(key_id: str, value: object) -> frozenset[int] | None:
    if value == "*":
        return None
    if isinstance(value, list) and all(type(item) is int and item > 0 for item in value):
        return frozenset(value)
    raise MalformedSecretsError(f'{key_id}: organizations is a list of ids or "*"')


def check_key(key_id: str) -> None:
    """Refuses an unknown key before anything of the body is read.

    Raises:
        Unauthenticated: no service has the key.
    """
    if _service(key_id) is None:
        raise _not_verified()


def verify(request: SignedRequest, *, now: float | None = None) -> Caller:
    """The service behind a signed request; its nonce is used up by this.

    Raises:
        Unauthenticated: the signature does not verify, is too old, or was used before.
        ServiceUnavailable: the nonce store does not answer.
    """
    service = _service(request.key_id)
    if service is None or not _matches(request, service.secrets):
        raise _not_verified()
    timestamp = _checked_time(request.timestamp, time.time() if now is None else now)
    if not _NONCE.fullmatch(request.nonce):
        raise Unauthenticated(
            "x-signature-nonce: expected at least 16 random bytes in base64url",
            reason=Reason.SIGNATURE_INVALID,
        )
    organization_id = parse_organization_id(request.organization_id)
    if organization_id is None or not service.may_act_in(organization_id):
        raise Unauthenticated(
            "the key may not act in this organization", reason=Reason.SIGNATURE_INVALID
        )
    reserve_nonce(service.id, request.nonce, expires_at=timestamp + TOLERANCE_SECONDS + 1)
    return Caller(
        kind=CallerKind.SERVICE,
        organization_id=organization_id,
        scopes=service.scopes,
        credential=f"service:{service.id}",
        label=service.id,
    )


def _not_verified() -> Unauthenticated:
    return Unauthenticated("the signature does not verify", reason=Reason.SIGNATURE_INVALID)


def _service(key_id: str) -> SharedSecret | None:
    try:
        return parse_shared_secrets(settings.SCM_SHARED_SECRETS).get(key_id)
    except MalformedSecretsError:
        return None


def _matches(request: SignedRequest, secrets: Sequence[str]) -> bool:
    given = request.signature.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(given, sign(request, secret).encode()) for secret in secrets]
    return any(matches)


def _checked_time(text: str, now: float) -> int:
    valid = text.isascii() and text.isdigit() and len(text) <= 12  # noqa: PLR2004 - year 33658
    if not valid or abs(now - int(text)) > TOLERANCE_SECONDS:
        raise Unauthenticated(
            "x-signature-timestamp is more than 300 seconds off", reason=Reason.SIGNATURE_EXPIRED
        )
    return int(text)
