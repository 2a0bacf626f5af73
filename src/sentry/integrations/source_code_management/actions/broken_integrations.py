"""Which integrations a host rejects, for whoever runs the platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sentry import models
from sentry.integrations.services.integration import integration_service
from sentry.silo import SiloMode


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenIntegration:
    """An integration whose credential its host rejects, as one organization uses it.

    ``organization`` is the slug, or the id in a process that knows no organizations; ``since`` is
    in UTC.
    """

    id: int
    organization: str
    provider: str
    name: str
    reason: str
    since: datetime


def list_broken_integrations() -> list[BrokenIntegration] | None:
    """Those of all organizations that are switched on, oldest first. No caller is asked.

    None in a region's process, which cannot tell: control owns them.
    """
    mode = SiloMode.get_current_mode()
    if mode is SiloMode.REGION:
        return None
    found = integration_service.list_broken()
    slugs = {} if mode is SiloMode.CONTROL else _slugs([each.organization_id for each in found])
    return [
        BrokenIntegration(
            id=each.integration_id,
            organization=slugs.get(each.organization_id, str(each.organization_id)),
            provider=each.provider,
            name=each.name,
            reason=each.reason,
            since=each.since,
        )
        for each in found
    ]


def _slugs(ids: Sequence[int]) -> dict[int, str]:
    rows = models.Organization.objects.filter(id__in=ids)
    return dict(rows.values_list("id", "slug"))
