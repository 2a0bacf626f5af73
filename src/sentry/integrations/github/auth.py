"""GitHub's credentials: a token, or an App's installation.

The process keeps an App's installation token until five minutes before it ends, asks for a new
one once after a 401, and never asks twice at a time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import jwt

from sentry import options
from sentry.integrations.github.dialect import GitHubDialect
from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.parse import InstallationToken, parse_installation_token
from sentry.integrations.github.parse_credential import parse_installation
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.types import CredentialCheck
from sentry.utils import deadline

_JWT_SECONDS = 9 * 60  # GitHub refuses more than ten minutes
_JWT_SKEW = 60  # GitHub's advice against clocks that differ
_RENEW_BEFORE = 5 * 60
_SUSPENDED = "the App's installation is suspended"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class TokenAuth:
    """A personal, OAuth or other token that is used as it is."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._token = token

    @property
    def identity(self) -> str:
        """The token's digest."""
        return digest("github-token", self._token)

    def headers(self) -> dict[str, str]:
        """The token as a bearer."""
        return _bearer(self._token)

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class AppCredentials:
    """A GitHub App and one installation of it; the key is RSA in PEM."""

    app_id: str
    installation_id: str
    private_key: str = field(repr=False)

    @property
    def identity(self) -> str:
        """A digest over all of it."""
        return digest("github-app", self.app_id, self.installation_id, self.private_key)


class AppJwtAuth:
    """The App itself, by a short-lived RS256 JWT that its key signs."""

    def __init__(self, credentials: AppCredentials, *, wall_clock: Callable[[], float]) -> None:
        """Takes the key and a clock in unix seconds."""
        self._credentials = credentials
        self._wall_clock = wall_clock

    @property
    def identity(self) -> str:
        """The App's digest."""
        return digest("github-jwt", self._credentials.identity)

    def headers(self) -> dict[str, str]:
        """A fresh JWT.

        Raises:
            IntegrationBroken: the private key cannot sign.
        """
        now = int(self._wall_clock())
        claims = {
            "iat": now - _JWT_SKEW,
            "exp": now - _JWT_SKEW + _JWT_SECONDS,
            "iss": self._credentials.app_id,
        }
        try:
            token = jwt.encode(claims, self._credentials.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise IntegrationBroken("the App's private key cannot be used") from None
        return _bearer(token)

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """Another JWT would say the same."""
        return False


class InstallationAuth:
    """An installation of an App, by the token that GitHub gives out for it (one hour)."""

    def __init__(
        self,
        credentials: AppCredentials,
        endpoints: Endpoints,
        *,
        runtime: HttpRuntime,
        dialect: GitHubDialect | None = None,
    ) -> None:
        """Makes no request yet."""
        self._credentials = credentials
        self._wall_clock = runtime.wall_clock
        self._session = HostSession(
            endpoints.api,
            auth=AppJwtAuth(credentials, wall_clock=runtime.wall_clock),
            dialect=dialect or GitHubDialect(),
            runtime=runtime,
        )
        self._token: InstallationToken | None = None
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """The installation's digest, which stays when its token changes."""
        return self._credentials.identity

    def headers(self) -> dict[str, str]:
        """The installation token, asked for where there is none or it ends soon."""
        return _bearer(self._current(rejected=None))

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Replaces the token that was rejected, unless another thread has done so."""
        self._current(rejected=rejected.get("authorization"))
        return True

    def _current(self, *, rejected: str | None) -> str:
        if not self._lock.acquire(timeout=_patience()):
            raise HostUnavailable("the App's token was not renewed in time")
        try:
            if self._token is None or not self._usable(self._token, rejected):
                self._token = self._ask()
            return self._token.token
        finally:
            self._lock.release()

    def _usable(self, token: InstallationToken, rejected: str | None) -> bool:
        left = token.expires_at.timestamp() - self._wall_clock()
        return left > _RENEW_BEFORE and _bearer(token.token)["authorization"] != rejected

    def check(self) -> CredentialCheck:
        """Whose installation it is, and the permissions that it lacks.

        Raises:
            IntegrationBroken: it is suspended or gone, or the App is not accepted.
        """
        with _rejections():
            answer = self._session.get_json(self._where(""), resource="installation")
        found = parse_installation(answer.json())
        if found.is_suspended:
            raise IntegrationBroken(_SUSPENDED)
        return found.check

    def _ask(self) -> InstallationToken:
        with _rejections():
            # A second token does no harm, so that the request may be repeated.
            answer = self._session.post_json(
                self._where("/access_tokens"), resource="installation", json={}, repeatable=True
            )
        return parse_installation_token(answer.json())

    def _where(self, rest: str) -> Route:
        installation_id = self._credentials.installation_id
        return route("/app/installations/{installation_id}" + rest, installation_id=installation_id)


@contextmanager
def _rejections() -> Iterator[None]:
    """What GitHub's errors mean where an App asks about its installation."""
    try:
        yield
    except NotFound:
        raise IntegrationBroken("the App has no such installation") from None
    except HostForbidden:
        raise IntegrationBroken(_SUSPENDED) from None


def _patience() -> float:
    return deadline.remaining(options.get_float("scm.http.total-timeout"))


_installations: OrderedDict[tuple[str, str], InstallationAuth] = OrderedDict()
_installations_lock = threading.Lock()
_MAX_INSTALLATIONS = 1000


def installation_auth(
    credentials: AppCredentials, endpoints: Endpoints, *, dialect: GitHubDialect | None = None
) -> InstallationAuth:
    """The process's one ``InstallationAuth`` for these credentials at this GitHub."""
    key = (endpoints.api, credentials.identity)
    with _installations_lock:
        if key not in _installations:
            _installations[key] = InstallationAuth(
                credentials, endpoints, runtime=shared_runtime(), dialect=dialect
            )
        _installations.move_to_end(key)
        if len(_installations) > _MAX_INSTALLATIONS:
            _installations.popitem(last=False)
        return _installations[key]
