"""An application's own credential on a host: the client credentials grant of OAuth."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from sentry import options
from sentry.integrations.source_code_management.credential_texts import OAuthClientText
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.http import HostDialect
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.oauth_endpoint import (
    Client,
    TokenEndpoint,
    ask_for_token,
)
from sentry.utils import deadline

_RENEW_BEFORE = 2 * 60  # seconds before the token ends
_UNTOLD = 5 * 60  # seconds that a token is kept whose end the host does not tell
_MAX_APPLICATIONS = 1000


class ClientCredential(BaseModel):
    """An application that acts for itself: no account, no refresh token."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    client_id: OAuthClientText
    client_secret: OAuthClientText = Field(repr=False)


class ClientCredentialsAuth:
    """An application's own token (RFC 6749, section 4.4), kept in the process until it ends."""

    def __init__(
        self,
        credential: ClientCredential,
        endpoint: TokenEndpoint,
        *,
        dialect: HostDialect,
        runtime: HttpRuntime | None = None,
    ) -> None:
        """Makes no request yet."""
        self._client = Client(
            client_id=credential.client_id, client_secret=credential.client_secret
        )
        self._endpoint = endpoint
        self._dialect = dialect
        self._runtime = runtime or shared_runtime()
        self._lock = threading.Lock()
        self._token: str | None = None
        self._good_until = 0.0

    @property
    def identity(self) -> str:
        """A digest of the application, which stays when its token changes."""
        return _identity(self._client, self._endpoint)

    def headers(self) -> dict[str, str]:
        """The token as a bearer, asked for where there is none or it ends soon.

        Raises:
            IntegrationBroken: the host refuses the application. HostError: it did not answer.
        """
        return {"authorization": self._current(rejected=None)}

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Replaces the token that was rejected, unless another thread has done so."""
        self._current(rejected=rejected.get("authorization"))
        return True

    def _current(self, *, rejected: str | None) -> str:
        if not self._lock.acquire(
            timeout=deadline.remaining(options.get_float("scm.http.total-timeout"))
        ):
            raise HostUnavailable("the application's token was not renewed in time")
        try:
            now = self._runtime.wall_clock()
            bearer = f"Bearer {self._token}"
            if self._token is None or now >= self._good_until or bearer == rejected:
                bearer = self._ask(now)
            return bearer
        finally:
            self._lock.release()

    def _ask(self, now: float) -> str:
        given = ask_for_token(
            self._endpoint,
            self._client,
            {"grant_type": "client_credentials"},
            dialect=self._dialect,
            runtime=self._runtime,
        )
        lifetime = _UNTOLD if given.expires_in is None else given.expires_in
        self._token = given.access_token
        self._good_until = now + max(lifetime - _RENEW_BEFORE, lifetime / 2)
        return f"Bearer {given.access_token}"


def client_credentials_auth(
    credential: ClientCredential, endpoint: TokenEndpoint, *, dialect: HostDialect
) -> ClientCredentialsAuth:
    """The process's one ``ClientCredentialsAuth`` for this application at this endpoint."""
    client = Client(client_id=credential.client_id, client_secret=credential.client_secret)
    key = (endpoint.url, _identity(client, endpoint))
    with _applications_lock:
        if key not in _applications:
            _applications[key] = ClientCredentialsAuth(credential, endpoint, dialect=dialect)
        _applications.move_to_end(key)
        if len(_applications) > _MAX_APPLICATIONS:
            _applications.popitem(last=False)
        return _applications[key]


_applications: OrderedDict[tuple[str, str], ClientCredentialsAuth] = OrderedDict()
_applications_lock = threading.Lock()


def _identity(client: Client, endpoint: TokenEndpoint) -> str:
    fields = [f"{name}={value}" for name, value in sorted(endpoint.fields.items())]
    return digest("oauth-client", endpoint.url, client.client_id, client.client_secret, *fields)
