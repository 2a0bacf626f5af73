"""``organizations/{organization_slug}/projects/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.access import ProjectRef
from sentry.actions.project_changes import (
    delete_project,
    get_visible_project,
    page_of_projects,
    start_project,
    update_project,
)
from sentry.actions.projects import NAME_LIMIT, PLATFORM_LIMIT, SLUG_LIMIT
from sentry.actions.reading import OrganizationSummary
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.bases.project import ProjectEndpoint
from sentry.api.fields import SlugField, TextField
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers
from sentry.api.serializers import serialize
from sentry.api.serializers.models.project import ProjectResponse, ProjectSerializer


class ProjectRequest(Body):
    """A project to make."""

    name = TextField(max_length=NAME_LIMIT, help_text="What people call it.")
    slug = SlugField(
        max_length=SLUG_LIMIT,
        help_text="Its name in addresses; without it one is made of the name.",
    )
    platform = TextField(
        max_length=PLATFORM_LIMIT,
        required=False,
        allow_blank=True,
        help_text="What it runs on (python).",
    )
    team = TextField(
        required=False,
        help_text="The slug of a team that works on it. A caller who sees only projects of own "
        "teams names one of these.",
    )


class ProjectChange(Body):
    """What is to change of a project."""

    name = TextField(max_length=NAME_LIMIT, required=False)
    slug = SlugField(max_length=SLUG_LIMIT)
    platform = TextField(max_length=PLATFORM_LIMIT, required=False, allow_blank=True)


@region_silo_endpoint
class OrganizationProjectsEndpoint(OrganizationEndpoint):
    """The projects of an organization."""

    url_name = "sentry-api-0-organization-projects"
    owner = ApiOwner.PROJECTS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(ProjectResponse)))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The projects that the caller sees, by slug."""
        query = parse(PageQuery, request.query_params)
        page = page_of_projects(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, ProjectSerializer())

    @extend_schema(
        request=ProjectRequest,
        responses=answers(ProjectResponse, status=201, text="The new project."),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Makes a project."""
        body = parse(ProjectRequest, request.data)
        project = start_project(caller_of(request), **body)
        answer = serialize(project, caller_of(request), ProjectSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class ProjectDetailsEndpoint(ProjectEndpoint):
    """One project."""

    url_name = "sentry-api-0-project-details"
    owner = ApiOwner.PROJECTS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(responses=answers(ProjectResponse))
    def get(
        self, request: Request, organization: OrganizationSummary, project: ProjectRef
    ) -> Response:
        """The project."""
        found = get_visible_project(caller_of(request), project_id=project.id)
        return Response(serialize(found, caller_of(request), ProjectSerializer()))

    @extend_schema(request=ProjectChange, responses=answers(ProjectResponse))
    def put(
        self, request: Request, organization: OrganizationSummary, project: ProjectRef
    ) -> Response:
        """Changes the project's name, slug or platform."""
        body = parse(ProjectChange, request.data)
        changed = update_project(caller_of(request), project_id=project.id, **body)
        return Response(serialize(changed, caller_of(request), ProjectSerializer()))

    @extend_schema(responses=answers(None, status=204, text="It is gone."))
    def delete(
        self, request: Request, organization: OrganizationSummary, project: ProjectRef
    ) -> Response:
        """Deletes the project with its issue groups and code mappings."""
        delete_project(caller_of(request), project_id=project.id)
        return Response(status=HTTPStatus.NO_CONTENT)
