"""Integrations whose credential the host rejects: noting it, failing fast, asking again.

The first rejection is confirmed by ``check_credential``, so that a host which answers one 401 too
many breaks nothing. A broken integration fails at once, with its reason, and is looked at again
when its next probe is due; one caller of all processes makes that. A new credential mends it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from sentry import options
from sentry.integrations.base import Integration
from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.source_code_management.errors import (
    AddressRefused,
    IntegrationBroken,
    ScmError,
)
from sentry.utils import deadline

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_being_confirmed: set[tuple[int, int]] = set()


def check_not_broken(installation: Integration) -> None:
    """Lets a call pass whose integration works, as far as is known; makes no query for it.

    Where it is known to be broken, and its probe is due, the host is asked; its answer counts.

    Raises:
        IntegrationBroken: the host rejects the credential; the message says why.
    """
    model = installation.model
    if model.broken_reason is None:
        return
    if not _takes_probe(installation):
        raise IntegrationBroken(model.broken_reason)
    try:
        installation.check_credential()
    except AddressRefused:
        raise
    except IntegrationBroken as error:
        _mark(installation, error)
        raise
    except ScmError:
        raise IntegrationBroken(model.broken_reason) from None
    _mark_working(installation)


def look_again(installation: Integration) -> None:
    """Asks the host of the credential now, and notes what it says. For when the host tells of it.

    Raises:
        HostError: the host did not answer; nothing is noted.
    """
    try:
        installation.check_credential()
    except AddressRefused:
        return
    except IntegrationBroken as error:
        _mark(installation, error)
        return
    if installation.model.broken_reason is not None:
        _mark_working(installation)


@contextmanager
def watching(installation: Integration) -> Iterator[None]:
    """Notes what the block tells of the credential: IntegrationBroken, as it passes through.

    Not to be used inside a transaction: the host may be asked.
    """
    try:
        yield
    except IntegrationBroken as error:
        note_rejection(installation, error)
        raise


def note_rejection(installation: Integration, error: IntegrationBroken) -> None:
    """Marks the integration broken if the host rejects its credential a second time.

    What the operator forbids is no rejection. A host that gives no clear answer marks nothing. Of
    many threads that are rejected at once, one asks.
    """
    model = installation.model
    if isinstance(error, AddressRefused) or model.broken_reason is not None:
        return
    key = (model.id, model.credential_version)
    with _lock:
        if key in _being_confirmed:
            return
        _being_confirmed.add(key)
    try:
        if _is_news(installation):
            installation.check_credential()
    except AddressRefused:
        return
    except IntegrationBroken as again:
        _mark(installation, again)
    except (ScmError, DatabaseError):
        return
    finally:
        with _lock:
            _being_confirmed.discard(key)


def _is_news(installation: Integration) -> bool:
    """Whether the credential is still the stored one, and not known to be rejected."""
    stored = integration_service.get_installed(
        organization_id=installation.organization_id, integration_id=installation.model.id
    )
    if stored is None or stored.integration.broken_reason is not None:
        return False
    return stored.integration.credential_version == installation.model.credential_version


class Watched:
    """An installation whose calls are watched; see ``watching``.

    What a method gives piece by piece is watched until its end, and so are errors that it gives
    as values.
    """

    def __init__(self, installation: Integration) -> None:
        """Wraps the installation."""
        self._installation = installation

    def __repr__(self) -> str:
        return repr(self._installation)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._installation, name)
        return _watched(self._installation, value) if callable(value) else value


def _watched(installation: Integration, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with watching(installation):
            result = method(*args, **kwargs)
        if isinstance(result, Iterator):
            return _watched_pieces(installation, result)
        if isinstance(result, list):
            _look_at_values(installation, result)
        return result

    return call


def _watched_pieces(installation: Integration, pieces: Iterator[object]) -> Iterator[object]:
    with watching(installation):
        yield from pieces


def _look_at_values(installation: Integration, values: Sequence[object]) -> None:
    rejection = next((value for value in values if isinstance(value, IntegrationBroken)), None)
    if rejection is not None:
        note_rejection(installation, rejection)


def _takes_probe(installation: Integration) -> bool:
    """Whether the probe is due, and this caller's to make."""
    model, now = installation.model, timezone.now()
    if model.probe_at is None or model.probe_at > now:
        return False
    return integration_service.claim_probe(
        organization_id=installation.organization_id,
        integration_id=model.id,
        due=model.probe_at,
        next_at=now + _interval(),
    )


def _mark_working(installation: Integration) -> None:
    model = installation.model
    with _best_effort(model):
        integration_service.mark_working(
            organization_id=installation.organization_id,
            integration_id=model.id,
            credential_version=model.credential_version,
        )
    logger.info("scm.integration.works_again", extra=_named(model))


def _mark(installation: Integration, error: IntegrationBroken) -> None:
    model = installation.model
    with _best_effort(model):
        marked = integration_service.mark_broken(
            organization_id=installation.organization_id,
            integration_id=model.id,
            credential_version=model.credential_version,
            reason=error.message,
            probe_at=timezone.now() + _interval(),
        )
        if marked:
            logger.warning("scm.integration.broken", extra={**_named(model), "why": error.message})


@contextmanager
def _best_effort(model: RpcIntegration) -> Iterator[None]:
    """What cannot be noted now is noted the next time; the caller's own error stays."""
    try:
        with deadline.deadline_at(None):
            yield
    except DatabaseError:
        logger.exception("scm.integration.not_noted", extra=_named(model))


def _interval() -> timedelta:
    return timedelta(seconds=options.get_float("scm.integration.probe-interval"))


def _named(model: RpcIntegration) -> dict[str, object]:
    return {"integration_id": model.id, "provider": model.provider}
