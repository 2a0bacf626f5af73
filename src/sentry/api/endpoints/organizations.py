"""``organizations/`` and ``organizations/{organization_slug}/``."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.organizations import (
    NAME_LIMIT,
    SLUG_LIMIT,
    delete_organization,
    found_organization,
    update_organization,
)
from sentry.actions.reading import OrganizationSummary, list_organizations, summary_of
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, Endpoint, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.errors import SessionNeeded
from sentry.api.fields import SlugField, TextField
from sentry.api.pagination import PageQuery
from sentry.api.permissions import PolicyPermission
from sentry.api.schema import LINK, SESSION_ALONE, ListOf, answers
from sentry.api.serializers import serialize
from sentry.api.serializers.models.organization import (
    DetailedOrganizationResponse,
    DetailedOrganizationSerializer,
    OrganizationResponse,
    OrganizationSerializer,
)
from sentry.auth.caller import CallerKind
from sentry.auth.ratelimit import RateLimit


class OrganizationRequest(Body):
    """An organization to make."""

    name = TextField(max_length=NAME_LIMIT, help_text="What people call it.")
    slug = SlugField(
        max_length=SLUG_LIMIT,
        help_text="Its name in addresses; without it one is made of the name.",
    )


class OrganizationChange(Body):
    """What is to change of an organization."""

    name = TextField(max_length=NAME_LIMIT, required=False)
    slug = SlugField(max_length=SLUG_LIMIT)


@region_silo_endpoint
class OrganizationsEndpoint(Endpoint):
    """The organizations that the caller may know of."""

    url_name = "sentry-api-0-organizations"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    needs_organization = False
    permission_classes = (PolicyPermission,)
    rate_limits = {"POST": RateLimit(30)}

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

    @extend_schema(
        request=OrganizationRequest,
        responses=answers(OrganizationResponse, status=201, text="The new organization."),
        auth=SESSION_ALONE,  # type: ignore[arg-type] # it is taken as it is
    )
    def post(self, request: Request) -> Response:
        """Makes an organization whose owner is the signed-in user. Needs a session."""
        caller = caller_of(request)
        if caller.kind is not CallerKind.SESSION or caller.user_id is None:
            raise SessionNeeded
        body = parse(OrganizationRequest, request.data)
        made = found_organization(caller.user_id, **body)
        answer = serialize(summary_of(made), caller, OrganizationSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class OrganizationDetailsEndpoint(OrganizationEndpoint):
    """One organization."""

    url_name = "sentry-api-0-organization-details"
    owner = ApiOwner.ACCESS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(responses=answers(DetailedOrganizationResponse))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization, and what the caller may do in it."""
        return Response(
            serialize(organization, caller_of(request), DetailedOrganizationSerializer())
        )

    @extend_schema(request=OrganizationChange, responses=answers(DetailedOrganizationResponse))
    def put(self, request: Request, organization: OrganizationSummary) -> Response:
        """Changes the organization's name or slug."""
        caller = caller_of(request)
        changed = update_organization(caller, **parse(OrganizationChange, request.data))
        return Response(serialize(summary_of(changed), caller, DetailedOrganizationSerializer()))

    @extend_schema(responses=answers(None, status=204, text="It is gone."))
    def delete(self, request: Request, organization: OrganizationSummary) -> Response:
        """Deletes the organization, once it has no projects and no repositories."""
        delete_organization(caller_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)
