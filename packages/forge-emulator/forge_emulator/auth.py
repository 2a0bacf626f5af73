"""Who is calling: tokens, and apps that trade a signed JWT for a token of an hour."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from forge_emulator.repositories import Repository, stable_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jwt.types import Options

INSTALLATION_TOKEN_LIFE = timedelta(hours=1)
_JWT_LIFE = timedelta(minutes=10)
_CLOCK_DRIFT = timedelta(seconds=60)


class CredentialError(Exception):
    """The credential is unknown, revoked, expired or malformed."""


class JwtError(CredentialError):
    """A JWT that the host refuses; `reason` says why, in words that may be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class AppCredentials:
    """An app as the host knows it: its public key and where it is installed.

    `installations` maps an installation's id to the full names it may see, or to "all". Raises
    `ValueError` for a key that is none.
    """

    app_id: str
    public_key_pem: str = field(repr=False)
    installations: Mapping[str, Sequence[str] | Literal["all"]]
    slug: str = "forge-app"

    def __post_init__(self) -> None:
        try:
            key = load_pem_public_key(self.public_key_pem.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError("the app's key is not a public key in PEM") from error
        if not isinstance(key, RSAPublicKey):
            raise ValueError("the app's key is not a public key of RSA")  # noqa: TRY004 - a value


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a credential stands for.

    `repositories` None sees everything, else only these full names (lower case) and what is
    public. `expires_at` None never ends.
    """

    kind: Literal["user", "installation", "app"]
    login: str
    scopes: tuple[str, ...] = ()
    repositories: frozenset[str] | None = None
    installation: str | None = None
    selected: bool = False
    expires_at: datetime | None = None

    @property
    def id(self) -> int:
        return stable_number(f"{self.kind}:{self.login}")

    def grants(self, repository: Repository) -> bool:
        """Whether it may act in this repository, public or not."""
        return self.repositories is None or repository.full_name.lower() in self.repositories

    def sees(self, repository: Repository) -> bool:
        return not repository.hosted.private or self.grants(repository)


def user_identity(grants: Sequence[str]) -> Identity:
    """The identity of `(login, *grants)`.

    A grant with a slash is the full name of a repository: with at least one of these, no other
    private repository is visible. The remaining grants are OAuth scopes.
    """
    names = frozenset(grant.lower() for grant in grants[1:] if "/" in grant)
    return Identity(
        kind="user",
        login=grants[0] if grants else "user",
        scopes=tuple(grant for grant in grants[1:] if "/" not in grant),
        repositories=names or None,
    )


class Credentials:
    """Every credential that the emulator accepts. Times are aware UTC, from `clock`."""

    def __init__(
        self,
        tokens: Mapping[str, Sequence[str]],
        app: AppCredentials | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.app = app
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = {token: user_identity(grants) for token, grants in tokens.items()}

    def add(self, token: str, grants: Sequence[str], *, expires_at: datetime | None = None) -> None:
        """Accept a further token, until a time or for ever; see `user_identity`."""
        with self._lock:
            self._tokens[token] = replace(user_identity(grants), expires_at=expires_at)

    def revoke(self, token: str) -> None:
        """Refuse it from now on; an unknown one is no error."""
        with self._lock:
            self._tokens.pop(token, None)

    def revoke_installation_tokens(self) -> None:
        """Refuse every token that an app was given so far."""
        with self._lock:
            self._tokens = {t: i for t, i in self._tokens.items() if i.kind != "installation"}

    def logins(self) -> list[str]:
        """The users that the tokens stand for."""
        with self._lock:
            return sorted({found.login for found in self._tokens.values() if found.kind == "user"})

    def identify(self, token: str) -> Identity:
        """Whose token this is; raises `CredentialError`."""
        with self._lock:
            found = self._tokens.get(token)
        if found is None or (found.expires_at is not None and found.expires_at <= self._clock()):
            raise CredentialError("unknown or expired token")
        return found

    def issue(
        self, installation: str, repositories: frozenset[str] | None, prefix: str
    ) -> tuple[str, Identity]:
        """A new token of an hour for an installation; `repositories` None takes all that it has.

        Raises `KeyError` when there is no such installation.
        """
        whole = self.installation(installation)
        identity = replace(
            whole,
            repositories=whole.repositories if repositories is None else repositories,
            selected=whole.selected or repositories is not None,
            expires_at=self._clock() + INSTALLATION_TOKEN_LIFE,
        )
        token = prefix + secrets.token_urlsafe(27)
        with self._lock:
            self._tokens[token] = identity
        return token, identity

    def installation(self, number: str) -> Identity:
        """An installation and what it may see; raises `KeyError`."""
        if self.app is None:
            raise KeyError(number)
        names = self.app.installations[number]
        whole = names == "all"
        return Identity(
            kind="installation",
            login=f"{self.app.slug}[bot]",
            repositories=None if whole else frozenset(name.lower() for name in names),
            installation=number,
            selected=not whole,
        )

    def identify_app(self, token: str) -> Identity:
        """The app that signed this JWT (RS256: iss, iat, exp at most ten minutes ahead).

        Raises `JwtError`.
        """
        if self.app is None:
            raise JwtError("Integration not found")
        claims = _decode(token, self.app.public_key_pem)
        now = self._clock()
        issued, expires = _time(claims, "iat"), _time(claims, "exp")
        if issued > now + _CLOCK_DRIFT:
            raise JwtError("'Issued at' claim ('iat') must be in the past")
        if expires <= now:
            raise JwtError("'Expiration time' claim ('exp') must be in the future")
        if expires > now + _JWT_LIFE + _CLOCK_DRIFT or expires - issued > _JWT_LIFE + _CLOCK_DRIFT:
            raise JwtError("'Expiration time' claim ('exp') is too far in the future")
        if str(claims.get("iss")) != self.app.app_id:
            raise JwtError("Integration not found")
        return Identity(kind="app", login=self.app.slug)


def _decode(token: str, public_key_pem: str) -> dict[str, object]:
    """Claims of a JWT whose signature holds; times are judged by the caller, on its own clock."""
    unjudged: Options = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_iss": False,
        "verify_aud": False,
        "verify_sub": False,
    }
    try:
        claims: dict[str, object] = jwt.decode(
            token, public_key_pem, algorithms=["RS256"], options=unjudged
        )
    except jwt.PyJWTError as error:
        raise JwtError("A JSON web token could not be decoded") from error
    return claims


def _time(claims: Mapping[str, object], name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 33:
        raise JwtError(f"Missing or malformed claim ('{name}')")
    return datetime.fromtimestamp(value, UTC)


def presented(authorization: str) -> str | None:
    """The secret in an `Authorization` header, or None without one.

    Knows `Bearer`, `token` and `Basic` (the password; the user when the password is empty).
    Raises `CredentialError` for anything else.
    """
    if not authorization:
        return None
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() in {"bearer", "token"} and value.strip():
        return value.strip()
    if scheme.lower() != "basic":
        raise CredentialError("unknown scheme")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialError("malformed Basic credential") from error
    if password in {"", "x-oauth-basic"}:
        return user
    return password
