"""The secrets that hosts sign deliveries with. Control's part of the work."""

import re
import secrets as random_secrets

from django.db import transaction

from sentry import options
from sentry.auth.caller import Caller
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.errors import (
    InvalidArgument,
    NotFound,
    PreconditionFailed,
    Unsupported,
)
from sentry.integrations.source_code_management.types import Capability
from sentry.integrations.source_code_management.validation import clean_id
from sentry.models.integrations.integration import Integration

MOST_SECRETS = 5
_BYTES = 32
_SECRET = re.compile(r"[\x21-\x7e]{16,255}")


def add_webhook_secret(caller: Caller, *, integration_id: int, secret: str = "") -> str:
    """Gives an integration of the caller's organization a new webhook secret, and returns it.

    It comes first: new registrations are signed with it. Those before it go on to verify, until
    ``forget_old_webhook_secrets``; of more than five the oldest is forgotten.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        secret: one that the host has already, 16 to 255 printable characters of ASCII; "" makes a
            new one of 256 random bits.

    Raises:
        InvalidArgument: the id or the secret is not acceptable.
        NotFound: the organization has no such integration.
        Unsupported: the platform takes no webhooks of this kind of host.
    """
    chosen = secret or random_secrets.token_urlsafe(_BYTES)
    if not _SECRET.fullmatch(chosen):
        raise InvalidArgument("secret", "must be 16 to 255 printable characters without a space")
    with transaction.atomic():
        row = _locked(caller, integration_id)
        others = [known for known in row.plain_webhook_secrets() if known != chosen]
        row.webhook_secrets = [chosen, *others][:MOST_SECRETS]
        row.save(update_fields=["webhook_secrets"])
    return chosen


def forget_old_webhook_secrets(caller: Caller, *, integration_id: int) -> int:
    """Keeps only the newest webhook secret of an integration; how many were forgotten.

    Raises:
        NotFound: the organization has no such integration.
    """
    with transaction.atomic():
        row = _locked(caller, integration_id)
        known = row.plain_webhook_secrets()
        row.webhook_secrets = known[:1] or None
        row.save(update_fields=["webhook_secrets"])
    return max(0, len(known) - 1)


def first_webhook_secret(caller: Caller, *, integration_id: int) -> str:
    """The secret that new registrations are signed with; made where there is none.

    Raises:
        NotFound: the organization has no such integration.
    """
    with transaction.atomic():
        row = _locked(caller, integration_id)
        known = row.plain_webhook_secrets()
        if not known:
            known = [random_secrets.token_urlsafe(_BYTES)]
            row.webhook_secrets = known
            row.save(update_fields=["webhook_secrets"])
    return known[0]


def webhook_url(provider: str, integration_id: int) -> str:
    """Where a host delivers for an integration.

    Raises:
        PreconditionFailed: the option ``system.url-prefix`` does not say where we are reached.
    """
    prefix = _prefix()
    if not prefix:
        raise PreconditionFailed("set the option system.url-prefix to this platform's own address")
    return _address(prefix, provider, integration_id)


def webhook_address(caller: Caller, *, integration_id: int) -> str:
    """Where the host of an integration delivers; only the path, where our address is not set.

    Raises:
        NotFound: the organization has no such integration.
    """
    installed = integration_service.get_installed(
        organization_id=caller.organization_id, integration_id=integration_id
    )
    if installed is None:
        raise NotFound("integration")
    return _address(_prefix(), installed.integration.provider, integration_id)


def _prefix() -> str:
    return str(options.get("system.url-prefix")).rstrip("/")


def _address(prefix: str, provider: str, integration_id: int) -> str:
    return f"{prefix}/extensions/{provider}/webhook/{integration_id}/"


def _locked(caller: Caller, integration_id: int) -> Integration:
    """The integration's row, which nobody else changes meanwhile."""
    installed = integration_service.get_installed(
        organization_id=caller.organization_id,
        integration_id=clean_id("integration_id", integration_id),
    )
    if installed is None:
        raise NotFound("integration")
    key = installed.integration.provider
    provider = integrations.find(key)
    if provider is None or provider.webhook_receiver is None:
        raise Unsupported(key, Capability.WEBHOOKS)
    rows = Integration.objects.select_for_update().filter(pk=integration_id)
    return rows.only("provider", "webhook_secrets").get()
