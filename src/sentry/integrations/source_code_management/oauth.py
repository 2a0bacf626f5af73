"""OAuth credentials: bearers that end, and how they are renewed without losing the next one.

A host that rotates refresh tokens takes each of them once. Two processes that use the same one
would leave the integration with a token that the host has revoked. So a renewal is one holder's
turn at a time (a lease that the control silo keeps); whoever gets it first reads what is stored,
since another one may have renewed it, and stores the new pair before using it.

A process that dies after the host has answered and before the pair is stored loses it: the host
then refuses the old refresh token, and the integration is broken until somebody authorizes it
again. No order of the two steps can avoid that.

A renewal that is early is a favour, not a need. Whoever finds the turn taken waits for it a moment
only while the own token is good, then goes on with that: the holder may be dead, or the host's
endpoint may hang. The holder itself has the full time of a request, whatever its caller's deadline
and token say: a request that is broken off may have used the refresh token up, and the next one
would be lost with its answer. So an endpoint that hangs costs one call at a time, not all of them.

A renewal also takes the old access token from those who use it: hosts revoke it. So what another
holder brought is used as long as it lasts, and one that lives shortly is renewed at half its life:
were it always renewed, calls that run side by side would take each other's tokens without an end.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentry import options
from sentry.integrations.services.integration import RpcIntegration
from sentry.integrations.source_code_management.credential_texts import (
    OAuthClientText,
    OAuthTokenText,
)
from sentry.integrations.source_code_management.errors import (
    HostError,
    HostUnavailable,
    IntegrationBroken,
)
from sentry.integrations.source_code_management.http import HostDialect
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.oauth_endpoint import (
    Client,
    GivenToken,
    TokenEndpoint,
    ask_for_token,
)
from sentry.integrations.source_code_management.oauth_store import (
    CredentialStore,
    StoredIntegration,
    UnstoredIntegration,
)
from sentry.utils import deadline

METADATA_KEY = "oauth"  # where every provider's metadata keep an OAuthCredential

_RENEW_BEFORE = 2 * 60  # seconds before the access token ends
_POLL = 0.1  # seconds between looks at somebody else's renewal
# How long a call whose token is good waits for somebody else's turn: seconds at most, and the part
# of its time that is left.
_PATIENCE = 2.0
_PATIENT_PART = 0.1
_TURN_BEYOND = 15.0  # seconds that a turn outlasts the longest request


class OAuthCredential(BaseModel):
    """What a host gave an application for an account, and the application itself.

    ``expires_at`` is in unix seconds; None where the access token does not end by itself. Without
    a refresh token the access token is used for as long as the host takes it. ``lifetime`` is the
    access token's whole life in seconds, and is there only where it is known to be a short one:
    earlier releases cannot read a credential that has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    client_id: OAuthClientText
    client_secret: OAuthClientText = Field(repr=False)
    access_token: OAuthTokenText = Field(repr=False)
    refresh_token: OAuthTokenText | None = Field(default=None, repr=False)
    expires_at: int | None = Field(default=None, ge=0)
    lifetime: int | None = Field(default=None, gt=0, exclude_if=lambda told: told is None)

    def ends_by(self, moment: float) -> bool:
        """Whether the access token is over at a moment, in unix seconds."""
        return self.expires_at is not None and self.expires_at <= moment

    def is_due(self, now: float) -> bool:
        """Whether the access token ends so soon that it is time to renew it, in unix seconds."""
        before = _RENEW_BEFORE if self.lifetime is None else self.lifetime / 2
        return self.ends_by(now + min(_RENEW_BEFORE, before))

    def renewed(self, given: GivenToken, *, now: float) -> "OAuthCredential":
        """The credential with what the host gave; ``now`` is unix time."""
        life = given.expires_in
        return self.model_copy(
            update={
                "access_token": given.access_token,
                "refresh_token": given.refresh_token or self.refresh_token,
                "expires_at": None if life is None else int(now) + life,
                "lifetime": life if life is not None and life < 2 * _RENEW_BEFORE else None,
            }
        )


class OAuthAuth:
    """An installation's OAuth credential, renewed before it ends and after a 401.

    Fulfils ``HostAuth``. The metadata hold the credential under ``METADATA_KEY``.
    """

    def __init__(
        self,
        model: RpcIntegration,
        organization_id: int,
        endpoint: TokenEndpoint,
        *,
        dialect: HostDialect,
        runtime: HttpRuntime | None = None,
    ) -> None:
        """Takes the integration's record; ``id`` 0 is one that is not stored yet.

        Raises:
            IntegrationBroken: the metadata hold no credential.
        """
        self._runtime = runtime or shared_runtime()
        self._endpoint = endpoint
        self._dialect = dialect
        self._store: CredentialStore = (
            StoredIntegration(
                organization_id=organization_id, integration_id=model.id, runtime=self._runtime
            )
            if model.id
            else UnstoredIntegration(model)
        )
        self._credential = _read(model.metadata)
        # one that is only being checked is not used up for what may be refused
        self._early = bool(model.id)
        self._tried_early: OAuthCredential | None = None  # in vain
        self._identity = digest(
            "oauth",
            endpoint.url,
            self._credential.client_id,
            # the account as the platform knows it, which outlives its tokens
            f"{model.id}:{model.external_id}" if model.id else self._credential.access_token,
        )

    @property
    def identity(self) -> str:
        """A digest of the integration and its account, which stays when its tokens change."""
        return self._identity

    def headers(self) -> dict[str, str]:
        """The access token as a bearer, renewed a good while before its end if it is stored.

        Where it could not be renewed early, it is used to its end, and not renewed before.

        Raises:
            IntegrationBroken: the host gives no other one. HostError: it did not answer.
        """
        now, at_hand = self._runtime.wall_clock(), self._credential
        if at_hand.refresh_token is not None:
            if at_hand.ends_by(now):
                self._renew(at_hand, patience=_time_left())
            elif self._early and at_hand.is_due(now) and self._tried_early is not at_hand:
                try:
                    self._renew(at_hand, patience=min(_PATIENCE, _time_left() * _PATIENT_PART))
                except HostError:
                    self._tried_early = at_hand
        return _bearer(self._credential)

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Replaces the token that was rejected, unless somebody has done so.

        Raises:
            IntegrationBroken: the host gives no other one. HostError: it did not answer.
        """
        at_hand = self._credential
        if _bearer(at_hand)["authorization"] == rejected.get("authorization"):
            if at_hand.refresh_token is None:
                return self._adopt(self._store.read(), instead_of=at_hand)
            self._renew(at_hand, patience=_time_left())
        return True

    # --- one renewal at a time -----------------------------------------------------------------

    def _renew(self, spent: OAuthCredential, *, patience: float) -> None:
        """Waits for the turn, or for what another holder's turn brings, so many seconds."""
        holder = uuid.uuid4().hex
        end = self._runtime.clock() + patience
        while True:
            turn = self._store.take(holder, seconds=_total() + _TURN_BEYOND)
            try:
                if self._adopt(turn.metadata, instead_of=spent):
                    return
                if turn.mine:
                    self._ask(turn.metadata)
                    return
            finally:
                if turn.mine:
                    self._store.end(holder)
            if self._runtime.clock() >= end:
                raise HostUnavailable("the integration's credential was not renewed in time")
            self._runtime.sleep(_POLL)

    def _adopt(self, metadata: Mapping[str, Any], *, instead_of: OAuthCredential) -> bool:
        """Takes the stored credential over where it is another one; whether that has not ended."""
        stored = _read(metadata)
        if stored.access_token == instead_of.access_token:
            return False
        self._credential = stored
        return not stored.ends_by(self._runtime.wall_clock())

    def _ask(self, metadata: Mapping[str, Any]) -> None:
        """Gets the next pair and stores it; the turn is ours and ``metadata`` are stored.

        The caller's deadline does not cut it short: the old refresh token is used up by then.
        """
        with deadline.deadline_at(None):
            old = _read(metadata)
            if old.refresh_token is None:
                raise IntegrationBroken("the access token has ended and there is no refresh token")
            try:
                given = ask_for_token(
                    self._endpoint,
                    Client(client_id=old.client_id, client_secret=old.client_secret),
                    {"grant_type": "refresh_token", "refresh_token": old.refresh_token},
                    dialect=self._dialect,
                    runtime=self._runtime,
                )
            except IntegrationBroken:
                if self._adopt(self._store.read(), instead_of=old):
                    return
                raise
            new = old.renewed(given, now=self._runtime.wall_clock())
            changed = {**metadata, METADATA_KEY: new.model_dump(mode="json")}
            # where somebody replaced the credential meanwhile, theirs is the one that counts
            self._credential = _read(self._store.swap(metadata, changed))


def _bearer(credential: OAuthCredential) -> dict[str, str]:
    return {"authorization": f"Bearer {credential.access_token}"}


def _read(metadata: Mapping[str, Any]) -> OAuthCredential:
    try:
        return OAuthCredential.model_validate(metadata.get(METADATA_KEY))
    except ValidationError:
        raise IntegrationBroken("the integration's stored settings are not valid") from None


def _time_left() -> float:
    return deadline.remaining(_total())


def _total() -> float:
    return options.get_float("scm.http.total-timeout")
