"""The integration service over the control silo's tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from sentry.integrations.services.integration.model import (
    RpcBrokenIntegration,
    RpcCredentialTurn,
    RpcInstalledIntegration,
)
from sentry.integrations.services.integration.serial import serialize_installed
from sentry.integrations.services.integration.service import IntegrationService
from sentry.models.integrations import Integration, OrganizationIntegration
from sentry.models.integrations.integration import ObjectStatus
from sentry.taskqueue import leases

_REASON_LIMIT = 200
_WORKING: dict[str, None] = {"broken_reason": None, "broken_at": None, "probe_at": None}
_GIVEN = ("metadata", "credential_version", *_WORKING)


class DatabaseBackedIntegrationService(IntegrationService):
    """Answers from the database of this process."""

    def get_installed(
        self, *, organization_id: int, integration_id: int
    ) -> RpcInstalledIntegration | None:
        """See the interface."""
        row = _tied(organization_id, integration_id)
        return None if row is None else serialize_installed(row)

    def list_installed(
        self, *, organization_id: int, provider: str | None = None
    ) -> list[RpcInstalledIntegration]:
        """See the interface."""
        rows = OrganizationIntegration.objects.select_related("integration").filter(
            organization_id=organization_id
        )
        if provider is not None:
            rows = rows.filter(integration__provider=provider)
        return [serialize_installed(row) for row in rows.order_by("integration__name", "id")]

    def list_broken(self) -> list[RpcBrokenIntegration]:
        """See the interface."""
        rows = OrganizationIntegration.objects.filter(
            status=ObjectStatus.ACTIVE,
            integration__status=ObjectStatus.ACTIVE,
            integration__broken_reason__isnull=False,
        )
        return [
            RpcBrokenIntegration.model_validate(row)
            for row in rows.order_by("integration__broken_at", "id").values(
                "organization_id",
                "integration_id",
                provider=F("integration__provider"),
                name=F("integration__name"),
                reason=F("integration__broken_reason"),
                since=F("integration__broken_at"),
            )
        ]

    @transaction.atomic
    def install(
        self,
        *,
        organization_id: int,
        provider: str,
        external_id: str,
        name: str,
        metadata: Mapping[str, Any],
        former_external_ids: Sequence[str] = (),
        keeps_name: bool = False,
    ) -> RpcInstalledIntegration:
        """See the interface."""
        for former in former_external_ids:
            _rename(organization_id, provider, former, external_id)
        integration, created = Integration.objects.get_or_create(
            provider=provider,
            external_id=external_id,
            defaults={"name": name, "metadata": metadata},
        )
        tied = OrganizationIntegration.objects.filter(integration=integration)
        if not created:
            if tied.exists() and not tied.filter(organization_id=organization_id).exists():
                raise PermissionError(external_id)
            if not keeps_name:
                integration.name = name
            _give(integration, metadata)
            integration.save(update_fields=["name", *_GIVEN])
        row, _ = OrganizationIntegration.objects.get_or_create(
            organization_id=organization_id, integration=integration
        )
        row.integration = integration
        return serialize_installed(row)

    def replace_metadata(
        self,
        *,
        organization_id: int,
        integration_id: int,
        external_id: str,
        metadata: Mapping[str, Any],
    ) -> RpcInstalledIntegration | None:
        """See the interface."""
        row = _tied(organization_id, integration_id)
        if row is None:
            return None
        integration = row.integration
        integration.external_id = external_id
        _give(integration, metadata)
        try:
            with transaction.atomic():
                integration.save(update_fields=["external_id", *_GIVEN])
        except IntegrityError:
            # the one rule that these two columns can break: an identity belongs to one integration
            raise ValueError("another integration has this identity") from None
        return serialize_installed(row)

    def take_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str, seconds: float
    ) -> RpcCredentialTurn | None:
        """See the interface."""
        if _tied(organization_id, integration_id) is None:
            return None
        mine = leases.hold(_turn(integration_id), holder, seconds=seconds)
        row = _tied(organization_id, integration_id)
        if row is None:
            return None
        return RpcCredentialTurn(metadata=row.integration.plain_metadata(), mine=mine)

    @transaction.atomic
    def rotate_credential(
        self,
        *,
        organization_id: int,
        integration_id: int,
        expected: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """See the interface."""
        integration = _rows(organization_id, integration_id).select_for_update().first()
        if integration is None:
            return None
        if integration.plain_metadata() == expected:
            integration.metadata = dict(metadata)
            integration.save(update_fields=["metadata"])
        return integration.plain_metadata()

    def mark_broken(
        self,
        *,
        organization_id: int,
        integration_id: int,
        credential_version: int,
        reason: str,
        probe_at: datetime,
    ) -> bool:
        """See the interface."""
        rows = _rows(organization_id, integration_id)
        marked = rows.filter(credential_version=credential_version).update(
            broken_reason=reason[:_REASON_LIMIT],
            broken_at=Coalesce("broken_at", timezone.now()),
            probe_at=probe_at,
        )
        return bool(marked)

    def claim_probe(
        self, *, organization_id: int, integration_id: int, due: datetime, next_at: datetime
    ) -> bool:
        """See the interface."""
        rows = _rows(organization_id, integration_id).filter(probe_at=due)
        return bool(rows.update(probe_at=next_at))

    def mark_working(
        self, *, organization_id: int, integration_id: int, credential_version: int
    ) -> None:
        """See the interface."""
        rows = _rows(organization_id, integration_id)
        rows.filter(credential_version=credential_version).update(**_WORKING)

    def end_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str
    ) -> None:
        """See the interface."""
        if _tied(organization_id, integration_id) is not None:
            leases.release(_turn(integration_id), holder)


def _give(integration: Integration, metadata: Mapping[str, Any]) -> None:
    """Puts a credential in that somebody gave."""
    integration.metadata = metadata
    integration.credential_version += 1
    for name, value in _WORKING.items():
        setattr(integration, name, value)


def _rename(organization_id: int, provider: str, former: str, external_id: str) -> None:
    """Gives the organization's own integration its new identity, unless another one has that."""
    if Integration.objects.filter(provider=provider, external_id=external_id).exists():
        return
    own = OrganizationIntegration.objects.filter(organization_id=organization_id)
    Integration.objects.filter(
        provider=provider, external_id=former, id__in=own.values("integration_id")
    ).update(external_id=external_id)


def _rows(organization_id: int, integration_id: int) -> QuerySet[Integration]:
    ties = OrganizationIntegration.objects.filter(
        organization_id=organization_id, integration_id=integration_id
    )
    return Integration.objects.filter(id__in=ties.values("integration_id"))


def _turn(integration_id: int) -> str:
    return f"integration-credential:{integration_id}"


def _tied(organization_id: int, integration_id: int) -> OrganizationIntegration | None:
    ties = OrganizationIntegration.objects.select_related("integration")
    return ties.filter(organization_id=organization_id, integration_id=integration_id).first()
