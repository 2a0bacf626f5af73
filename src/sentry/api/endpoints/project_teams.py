"""``organizations/{organization_slug}/projects/{project_slug}/teams/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.access import ProjectRef
from sentry.actions.project_changes import get_visible_project, give_project, take_project
from sentry.actions.reading import OrganizationSummary
from sentry.actions.teams import page_of_project_teams
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import parse, region_silo_endpoint
from sentry.api.bases.project import ProjectEndpoint
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers
from sentry.api.serializers import serialize
from sentry.api.serializers.models.project import ProjectResponse, ProjectSerializer
from sentry.api.serializers.models.team import TeamResponse, TeamSerializer


@region_silo_endpoint
class ProjectTeamsEndpoint(ProjectEndpoint):
    """The teams that work on a project."""

    url_name = "sentry-api-0-project-teams"
    owner = ApiOwner.PROJECTS
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(TeamResponse)))
    def get(
        self, request: Request, organization: OrganizationSummary, project: ProjectRef
    ) -> Response:
        """The teams that work on the project, by slug."""
        query = parse(PageQuery, request.query_params)
        page = page_of_project_teams(
            caller_of(request),
            project.id,
            page_size=query["per_page"],
            page_token=query["cursor"],
        )
        return self.page_response(request, page, TeamSerializer())


@region_silo_endpoint
class ProjectTeamDetailsEndpoint(ProjectEndpoint):
    """A team's work on a project."""

    url_name = "sentry-api-0-project-team-details"
    owner = ApiOwner.PROJECTS
    publish_status = {"POST": ApiPublishStatus.PUBLIC, "DELETE": ApiPublishStatus.PUBLIC}

    @extend_schema(
        request=None,
        responses=answers(ProjectResponse, status=201, text="The project with its teams."),
    )
    def post(
        self,
        request: Request,
        organization: OrganizationSummary,
        project: ProjectRef,
        team_slug: str,
    ) -> Response:
        """Lets the team work on the project."""
        caller = caller_of(request)
        give_project(caller, project_id=project.id, team=team_slug)
        found = get_visible_project(caller, project_id=project.id)
        answer = serialize(found, caller, ProjectSerializer())
        return Response(answer, status=HTTPStatus.CREATED)

    @extend_schema(responses=answers(None, status=204, text="The team works on it no more."))
    def delete(
        self,
        request: Request,
        organization: OrganizationSummary,
        project: ProjectRef,
        team_slug: str,
    ) -> Response:
        """Ends the team's work on the project."""
        take_project(caller_of(request), project_id=project.id, team=team_slug)
        return Response(status=HTTPStatus.NO_CONTENT)
