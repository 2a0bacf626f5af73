"""``organizations/{organization_slug}/members/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.member_changes import (
    admit_member,
    get_member,
    join_team,
    leave_organization,
    leave_team,
    own_membership,
    page_of_members,
    remove_member,
    update_member,
)
from sentry.actions.reading import OrganizationSummary
from sentry.actions.users import ADDRESS_LIMIT
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.fields import TextField
from sentry.api.pagination import PageQuery
from sentry.api.permissions import SessionPermission
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.member import MemberResponse, MemberSerializer
from sentry.auth.ratelimit import RateLimit
from sentry.auth.roles import Role

_MEMBER_ID = path_id("member_id", "The membership's id.")
_ROLES = [role.value for role in Role]


class MemberRequest(Body):
    """A user to admit."""

    user = TextField(
        max_length=ADDRESS_LIMIT,
        help_text="The user name, or an address that only one user has; the user exists already.",
    )
    role = serializers.ChoiceField(choices=_ROLES, required=False, default=Role.MEMBER.value)
    teams = serializers.ListField(
        child=TextField(), required=False, default=list, help_text="Slugs of teams."
    )


class MemberChange(Body):
    """What is to change of a member."""

    role = serializers.ChoiceField(choices=_ROLES, required=False)
    teams = serializers.ListField(
        child=TextField(),
        required=False,
        help_text="Slugs: the member will be in these teams and in no other.",
    )


@region_silo_endpoint
class OrganizationMembersEndpoint(OrganizationEndpoint):
    """The members of an organization."""

    url_name = "sentry-api-0-organization-members"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    rate_limits = {"POST": RateLimit(60)}  # it tells whether a user exists

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(MemberResponse)))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization's members, by the user's id."""
        query = parse(PageQuery, request.query_params)
        page = page_of_members(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, MemberSerializer())

    @extend_schema(
        request=MemberRequest,
        responses=answers(MemberResponse, status=201, text="The new member."),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Makes a user a member, with no role above the caller's own."""
        body = parse(MemberRequest, request.data)
        member = admit_member(
            caller_of(request), user=body["user"], role=Role(body["role"]), teams=body["teams"]
        )
        answer = serialize(member, caller_of(request), MemberSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class OrganizationMemberDetailsEndpoint(OrganizationEndpoint):
    """One member."""

    url_name = "sentry-api-0-organization-member-details"
    owner = ApiOwner.ACCESS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(parameters=[_MEMBER_ID], responses=answers(MemberResponse))
    def get(self, request: Request, organization: OrganizationSummary, member_id: int) -> Response:
        """The member."""
        member = get_member(caller_of(request), member_id=member_id)
        return Response(serialize(member, caller_of(request), MemberSerializer()))

    @extend_schema(parameters=[_MEMBER_ID], request=MemberChange, responses=answers(MemberResponse))
    def put(self, request: Request, organization: OrganizationSummary, member_id: int) -> Response:
        """Changes the member's role or teams. The last owner stays owner."""
        body = parse(MemberChange, request.data)
        member = update_member(
            caller_of(request),
            member_id=member_id,
            role=Role(body["role"]) if "role" in body else None,
            teams=body.get("teams"),
        )
        return Response(serialize(member, caller_of(request), MemberSerializer()))

    @extend_schema(
        parameters=[_MEMBER_ID], responses=answers(None, status=204, text="It is no member.")
    )
    def delete(
        self, request: Request, organization: OrganizationSummary, member_id: int
    ) -> Response:
        """Ends the membership. The last owner stays."""
        remove_member(caller_of(request), member_id=member_id)
        return Response(status=HTTPStatus.NO_CONTENT)


@region_silo_endpoint
class OrganizationMemberMeEndpoint(OrganizationEndpoint):
    """The membership of the signed-in user."""

    url_name = "sentry-api-0-organization-member-me"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "DELETE": ApiPublishStatus.PUBLIC}
    permission_classes = (SessionPermission,)

    @extend_schema(responses=answers(MemberResponse))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The membership of the signed-in user."""
        member = own_membership(caller_of(request))
        return Response(serialize(member, caller_of(request), MemberSerializer()))

    @extend_schema(responses=answers(None, status=204, text="The user has left."))
    def delete(self, request: Request, organization: OrganizationSummary) -> Response:
        """Leaves the organization. The last owner stays."""
        leave_organization(caller_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)


@region_silo_endpoint
class OrganizationMemberTeamEndpoint(OrganizationEndpoint):
    """A member's place in a team."""

    url_name = "sentry-api-0-organization-member-team-details"
    owner = ApiOwner.ACCESS
    publish_status = {"POST": ApiPublishStatus.PUBLIC, "DELETE": ApiPublishStatus.PUBLIC}

    @extend_schema(
        parameters=[_MEMBER_ID],
        request=None,
        responses=answers(MemberResponse, status=201, text="The member with their teams."),
    )
    def post(
        self, request: Request, organization: OrganizationSummary, member_id: int, team_slug: str
    ) -> Response:
        """Puts the member into the team."""
        member = join_team(caller_of(request), member_id=member_id, team=team_slug)
        answer = serialize(member, caller_of(request), MemberSerializer())
        return Response(answer, status=HTTPStatus.CREATED)

    @extend_schema(
        parameters=[_MEMBER_ID], responses=answers(MemberResponse, text="The member without it.")
    )
    def delete(
        self, request: Request, organization: OrganizationSummary, member_id: int, team_slug: str
    ) -> Response:
        """Takes the member out of the team."""
        member = leave_team(caller_of(request), member_id=member_id, team=team_slug)
        return Response(serialize(member, caller_of(request), MemberSerializer()))
