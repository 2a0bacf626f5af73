"""``organizations/{organization_slug}/teams/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary
from sentry.actions.teams import (
    NAME_LIMIT,
    SLUG_LIMIT,
    create_team,
    delete_team,
    get_team,
    page_of_teams,
    update_team,
)
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.fields import SlugField, TextField
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers
from sentry.api.serializers import serialize
from sentry.api.serializers.models.team import TeamResponse, TeamSerializer


class TeamRequest(Body):
    """A team to make."""

    name = TextField(max_length=NAME_LIMIT, help_text="What people call it.")
    slug = SlugField(
        max_length=SLUG_LIMIT,
        help_text="Its name in addresses; without it one is made of the name.",
    )


class TeamChange(Body):
    """What is to change of a team."""

    name = TextField(max_length=NAME_LIMIT, required=False)
    slug = SlugField(max_length=SLUG_LIMIT)


@region_silo_endpoint
class OrganizationTeamsEndpoint(OrganizationEndpoint):
    """The teams of an organization."""

    url_name = "sentry-api-0-organization-teams"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(TeamResponse)))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization's teams, by slug."""
        query = parse(PageQuery, request.query_params)
        page = page_of_teams(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, TeamSerializer())

    @extend_schema(
        request=TeamRequest, responses=answers(TeamResponse, status=201, text="The new team.")
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Makes a team."""
        body = parse(TeamRequest, request.data)
        team = create_team(organization_id=organization.id, **body)
        answer = serialize(team, caller_of(request), TeamSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class OrganizationTeamDetailsEndpoint(OrganizationEndpoint):
    """One team."""

    url_name = "sentry-api-0-organization-team-details"
    owner = ApiOwner.ACCESS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(responses=answers(TeamResponse))
    def get(self, request: Request, organization: OrganizationSummary, team_slug: str) -> Response:
        """The team."""
        team = get_team(organization_id=organization.id, slug=team_slug)
        return Response(serialize(team, caller_of(request), TeamSerializer()))

    @extend_schema(request=TeamChange, responses=answers(TeamResponse))
    def put(self, request: Request, organization: OrganizationSummary, team_slug: str) -> Response:
        """Changes the team's name or slug."""
        body = parse(TeamChange, request.data)
        team = update_team(caller_of(request), team=team_slug, **body)
        return Response(serialize(team, caller_of(request), TeamSerializer()))

    @extend_schema(responses=answers(None, status=204, text="It is gone."))
    def delete(
        self, request: Request, organization: OrganizationSummary, team_slug: str
    ) -> Response:
        """Deletes the team. Its members and projects stay, without it."""
        delete_team(caller_of(request), team=team_slug)
        return Response(status=HTTPStatus.NO_CONTENT)
