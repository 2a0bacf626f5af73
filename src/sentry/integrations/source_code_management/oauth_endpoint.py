"""Asks a host's token endpoint for a token (RFC 6749), and reads its answer."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import quote_plus, urlsplit

from sentry.integrations.source_code_management.credential_texts import LONGEST_OAUTH_TOKEN
from sentry.integrations.source_code_management.errors import (
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostDialect, HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.json_reader import JsonObject, as_object, unexpected

_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_OAUTH_TOKEN}}}")

# The endpoint refuses with these (section 5.2); their bodies say why.
_REFUSALS = frozenset(
    {int(HTTPStatus.BAD_REQUEST), int(HTTPStatus.UNAUTHORIZED), int(HTTPStatus.FORBIDDEN)}
)
_BUSY = frozenset({"temporarily_unavailable", "server_error"})
_SLOW_DOWN = 60.0  # seconds
_REFUSED = "the host refused to give an access token: authorize the integration again"
# Section 5.2, and the words that GitHub uses in their place.
_REASONS = {
    **dict.fromkeys(
        ("invalid_grant", "bad_refresh_token"),
        "the host no longer accepts the refresh token: authorize the integration again",
    ),
    **dict.fromkeys(
        ("invalid_client", "unauthorized_client", "incorrect_client_credentials"),
        "the host does not accept the OAuth application's id or secret",
    ),
    "invalid_scope": "the host does not grant the OAuth application the scope it needs",
}


class ClientForm(StrEnum):
    """How a client shows its secret (RFC 6749, section 2.3.1)."""

    BASIC = "basic"
    BODY = "body"


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenEndpoint:
    """Where a host gives out tokens, and what it wants to be told.

    Attributes:
        url: the whole URL ("https://gitlab.com/oauth/token").
        client_form: where the client's id and secret stand.
        fields: what every request names beside the grant ("scope").
    """

    url: str
    client_form: ClientForm = ClientForm.BODY
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An application that the host knows."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenToken:
    """What the endpoint gave.

    Attributes:
        access_token: a bearer.
        refresh_token: the next one; None where the one that was used stays good.
        expires_in: seconds from now; None where the token does not end by itself.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None


class _ClientAuth:
    """The client's id and secret in a Basic header, or nothing where the body has them."""

    def __init__(self, client: Client, form: ClientForm) -> None:
        self._client = client
        self._form = form

    @property
    def identity(self) -> str:
        return digest("oauth-client", self._client.client_id, self._client.client_secret)

    def headers(self) -> dict[str, str]:
        if self._form is ClientForm.BODY:
            return {}
        # each part is first encoded as in a form (RFC 6749, section 2.3.1)
        parts = (quote_plus(self._client.client_id), quote_plus(self._client.client_secret))
        pair = base64.b64encode(":".join(parts).encode("ascii")).decode("ascii")
        return {"authorization": f"Basic {pair}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        return False


def ask_for_token(
    endpoint: TokenEndpoint,
    client: Client,
    grant: Mapping[str, str],
    *,
    dialect: HostDialect,
    runtime: HttpRuntime,
) -> GivenToken:
    """One request for a token, sent once: a refresh token may be good for one use.

    Args:
        endpoint: where to ask.
        client: who asks.
        grant: the fields of the grant ("grant_type" and what belongs to it).
        dialect: how the host speaks HTTP.
        runtime: the way out.

    Raises:
        IntegrationBroken: the host refuses the grant or the client.
        HostError: it did not answer, or not in this protocol.
    """
    parts = urlsplit(endpoint.url)
    session = HostSession(
        f"{parts.scheme}://{parts.netloc}",
        auth=_ClientAuth(client, endpoint.client_form),
        dialect=dialect,
        runtime=runtime,
    )
    secret = {"client_id": client.client_id, "client_secret": client.client_secret}
    own = secret if endpoint.client_form is ClientForm.BODY else {}
    try:
        answer = session.request(
            "POST",
            endpoint.url,
            resource="token endpoint",
            form={**grant, **own, **endpoint.fields},
            headers={"accept": "application/json"},
            passed=_REFUSALS,
        )
    except NotFound:
        raise IntegrationBroken("the host has no token endpoint at its address") from None
    return read_token(answer)


def read_token(answer: HostResponse) -> GivenToken:
    """The token in an answer. A refusal may come with the status 200, as GitHub's do.

    Raises:
        IntegrationBroken: it is a refusal.
        HostUnavailable, HostRateLimited: the host is not ready, or the answer is no token.
    """
    told = as_object(answer.json(), "token")
    error = told.get("error")
    if error is not None or answer.status in _REFUSALS:
        raise _refusal(error if isinstance(error, str) else "", answer.status)
    kind = told.optional_text("token_type")
    if kind is not None and kind.lower() != "bearer":
        raise unexpected("token.token_type")
    refresh = told.get("refresh_token")
    return GivenToken(
        access_token=_token(told, "access_token"),
        refresh_token=None if refresh is None else _token(told, "refresh_token"),
        expires_in=_seconds(told),
    )


def _refusal(error: str, status: int) -> ScmError:
    """Why there is no token, in our own words: the host's are not passed on."""
    if error == "slow_down":
        return HostRateLimited(_SLOW_DOWN, status=status)
    if error in _BUSY:
        return HostUnavailable("the host gives out no tokens now", status=status)
    if error == "invalid_request":
        return HostRejected("the host did not understand the request for a token", status=status)
    return IntegrationBroken(_REASONS.get(error, _REFUSED))


def _token(told: JsonObject, name: str) -> str:
    text = told.text(name)
    if _TOKEN.fullmatch(text) is None:
        raise unexpected(told.path(name))
    return text


def _seconds(told: JsonObject) -> int | None:
    """The lifetime; some hosts write it as a text. One that cannot be is as good as none."""
    value = told.get("expires_in")
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise unexpected(told.path("expires_in"))
    return value if value > 0 else None
