"""Tokens that an application holds for an account, and refresh tokens that may be used once."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from forge_emulator.auth import Credentials

USUAL_LIFE = timedelta(hours=2)


class OAuthError(Exception):
    """A refusal of the token endpoint; `code` is RFC 6749's (section 5.2)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What an application was given for an account; both tokens end together when refreshed."""

    client_id: str
    grants: tuple[str, ...]
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    created_at: datetime
    life: timedelta


class OAuthGrants:
    """The applications that a host knows, and what they hold. Safe for threads."""

    def __init__(self, credentials: Credentials, clock: Callable[[], datetime]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._clients: dict[str, str] = {}
        self._by_access: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}

    def add_client(self, client_id: str, secret: str) -> None:
        """Know an application."""
        with self._lock:
            self._clients[client_id] = secret

    def give(self, client_id: str, grants: Sequence[str], *, life: timedelta = USUAL_LIFE) -> Grant:
        """A new pair for `(login, *grants)`, as if the account had agreed in the browser."""
        grant = Grant(
            client_id=client_id,
            grants=tuple(grants),
            access_token=secrets.token_hex(32),
            refresh_token=secrets.token_hex(32),
            created_at=self._clock(),
            life=life,
        )
        self._credentials.add(grant.access_token, grants, expires_at=grant.created_at + grant.life)
        with self._lock:
            self._by_access[grant.access_token] = grant
            self._by_refresh[grant.refresh_token] = grant
        return grant

    def give_to_client(self, client_id: str, secret: str, *, life: timedelta = USUAL_LIFE) -> Grant:
        """A pair for an application that acts for itself, under its id.

        Raises `OAuthError`: invalid_client for an unknown application.
        """
        with self._lock:
            self._check(client_id, secret)
        return self.give(client_id, [client_id], life=life)

    def _check(self, client_id: str, secret: str) -> None:
        known = self._clients.get(client_id)
        if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
            raise OAuthError("invalid_client")

    def refresh(self, client_id: str, secret: str, refresh_token: str) -> Grant:
        """The next pair in the place of one, whose both tokens are refused from then on.

        Raises `OAuthError`: invalid_client for an unknown application, invalid_grant for a refresh
        token that is unknown, another application's, or used before.
        """
        with self._lock:
            self._check(client_id, secret)
            spent = self._by_refresh.get(refresh_token)
            if spent is None or spent.client_id != client_id:
                raise OAuthError("invalid_grant")
            del self._by_refresh[refresh_token]
            del self._by_access[spent.access_token]
        self._credentials.revoke(spent.access_token)
        return self.give(client_id, spent.grants, life=spent.life)

    def grant_of(self, access_token: str) -> Grant | None:
        """What a token belongs to; None where it is no application's."""
        with self._lock:
            return self._by_access.get(access_token)
