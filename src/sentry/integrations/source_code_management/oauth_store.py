"""Where an OAuth credential is kept while it is renewed: one renewal at a time, nothing lost."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from django.db import DatabaseError

from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.services.integration.model import RpcCredentialTurn
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.http_runtime import HttpRuntime

logger = logging.getLogger(__name__)

_TRIES = 5
_PAUSE = 0.25  # seconds
_REMOVED = "the integration is no longer installed"


class CredentialStore(Protocol):
    """Keeps an integration's metadata. A turn is what one holder at a time has."""

    def read(self) -> dict[str, Any]:
        """The metadata as stored now."""
        ...

    def take(self, holder: str, *, seconds: float) -> RpcCredentialTurn:
        """Asks for the turn; the metadata in the answer are the stored ones."""
        ...

    def swap(self, expected: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Stores metadata where ``expected`` still is what is stored; gives what is stored then."""
        ...

    def end(self, holder: str) -> None:
        """Gives the turn back."""
        ...


class StoredIntegration:
    """An integration's row, through the service: every process and every silo sees it."""

    def __init__(self, *, organization_id: int, integration_id: int, runtime: HttpRuntime) -> None:
        """Reads nothing yet."""
        self._organization_id = organization_id
        self._integration_id = integration_id
        self._runtime = runtime

    def read(self) -> dict[str, Any]:
        """See ``CredentialStore``.

        Raises:
            IntegrationBroken: the integration was removed meanwhile.
        """
        installed = integration_service.get_installed(
            organization_id=self._organization_id, integration_id=self._integration_id
        )
        if installed is None:
            raise IntegrationBroken(_REMOVED)
        return installed.integration.metadata

    def take(self, holder: str, *, seconds: float) -> RpcCredentialTurn:
        """See ``CredentialStore``.

        Raises:
            IntegrationBroken: the integration was removed meanwhile.
        """
        turn = integration_service.take_credential_turn(
            organization_id=self._organization_id,
            integration_id=self._integration_id,
            holder=holder,
            seconds=seconds,
        )
        if turn is None:
            raise IntegrationBroken(_REMOVED)
        return turn

    def swap(self, expected: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """See ``CredentialStore``. Tries several times: the host will not give the pair again."""
        for attempt in range(1, _TRIES + 1):
            try:
                stored = integration_service.rotate_credential(
                    organization_id=self._organization_id,
                    integration_id=self._integration_id,
                    expected=expected,
                    metadata=metadata,
                )
            except DatabaseError:
                if attempt == _TRIES:
                    logger.exception(
                        "scm.oauth.store_failed", extra={"integration_id": self._integration_id}
                    )
                    raise
                self._runtime.sleep(_PAUSE * attempt)
            else:
                return dict(metadata) if stored is None else stored
        raise AssertionError("unreachable")

    def end(self, holder: str) -> None:
        """See ``CredentialStore``. One that cannot be given back ends by itself."""
        try:
            integration_service.end_credential_turn(
                organization_id=self._organization_id,
                integration_id=self._integration_id,
                holder=holder,
            )
        except DatabaseError:
            logger.warning(
                "scm.oauth.turn_kept", extra={"integration_id": self._integration_id}, exc_info=True
            )


class UnstoredIntegration:
    """An integration that is being checked before it is stored: the record itself.

    Whoever stores it takes the metadata from the record after the check, renewed or not, and says
    so where they are lost (``oauth_loss``).
    """

    def __init__(self, model: RpcIntegration) -> None:
        """Takes the record, whose metadata it will change."""
        self._model = model

    def read(self) -> dict[str, Any]:
        """See ``CredentialStore``."""
        return dict(self._model.metadata)

    def take(self, holder: str, *, seconds: float) -> RpcCredentialTurn:  # noqa: ARG002
        """See ``CredentialStore``."""
        return RpcCredentialTurn(metadata=dict(self._model.metadata), mine=True)

    def swap(self, expected: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """See ``CredentialStore``."""
        self._model.metadata.update(metadata)
        return dict(self._model.metadata)

    def end(self, holder: str) -> None:
        """See ``CredentialStore``."""
