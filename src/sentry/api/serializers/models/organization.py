"""Organizations as JSON."""

from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit

from django.conf import settings

from sentry.actions.reading import OrganizationSummary
from sentry.api.serializers.base import PlainSerializer
from sentry.auth.caller import Caller


class StatusResponse(TypedDict):
    """A state, by key and by name."""

    id: str
    name: str


class LinksResponse(TypedDict):
    """Where an organization is served; ``regionUrl`` is empty unless that is HTTPS."""

    organizationUrl: str
    regionUrl: str


class OrganizationResponse(TypedDict):
    """An organization."""

    id: str
    slug: str
    name: str
    dateCreated: datetime
    status: StatusResponse
    links: LinksResponse


class DetailedOrganizationResponse(OrganizationResponse):
    """An organization, and what the caller may do in it. ``orgRole`` is null for a program."""

    access: list[str]
    orgRole: str | None


class OrganizationSerializer(PlainSerializer[OrganizationSummary, OrganizationResponse]):
    """An organization in a list."""

    def render(self, obj: OrganizationSummary, user: Caller) -> OrganizationResponse:
        """See ``OrganizationResponse``."""
        return _organization(obj)


class DetailedOrganizationSerializer(
    PlainSerializer[OrganizationSummary, DetailedOrganizationResponse]
):
    """An organization by itself."""

    def render(self, obj: OrganizationSummary, user: Caller) -> DetailedOrganizationResponse:
        """See ``DetailedOrganizationResponse``."""
        return {
            **_organization(obj),
            "access": sorted(user.scopes),
            "orgRole": user.role.value if user.role else None,
        }


def _organization(obj: OrganizationSummary) -> OrganizationResponse:
    prefix: str = settings.SENTRY_URL_PREFIX.rstrip("/")
    return {
        "id": str(obj.id),
        "slug": obj.slug,
        "name": obj.name,
        "dateCreated": obj.date_added,
        "status": {"id": "active", "name": "active"},
        "links": {
            "organizationUrl": f"{prefix}/organizations/{obj.slug}/",
            "regionUrl": prefix if urlsplit(prefix).scheme == "https" else "",
        },
    }
