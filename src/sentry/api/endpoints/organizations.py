"""``organizations/`` and ``organizations/{organization_slug}/``."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary, list_organizations
from sentry.api.authentication import caller_of
from sentry.api.base import ApiPublishStatus, Endpoint, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.pagination import PageQuery
from sentry.api.permissions import PolicyPermission
from sentry.api.schema import LINK, ListOf, answers
from sentry.api.serializers.base import serialize_one
from sentry.api.serializers.models.organization import (
    DetailedOrganizationResponse,
    DetailedOrganizationSerializer,
    OrganizationResponse,
    OrganizationSerializer,
)


@region_silo_endpoint
class OrganizationsEndpoint(Endpoint):
    """The organizations that the caller may know of."""

    url_name = "sentry-api-0-organizations"
    publish_status = {"GET": ApiPublishStatus.PUBLIC}
    permission_classes = (PolicyPermission,)

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(OrganizationResponse)))
    def get(self, request: Request) -> Response:
        """The organizations that the caller may know of.

        A program's credential knows its own one, a session every organization of its user.
        """
        query = parse(PageQuery, request.query_params)
        page = list_organizations(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, OrganizationSerializer())


@region_silo_endpoint
class OrganizationDetailsEndpoint(OrganizationEndpoint):
    """One organization."""

    url_name = "sentry-api-0-organization-details"
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

    @extend_schema(responses=answers(DetailedOrganizationResponse))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization, and what the caller may do in it."""
        return Response(
            serialize_one(organization, caller_of(request), DetailedOrganizationSerializer())
        )
