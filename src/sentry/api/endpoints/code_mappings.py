"""``organizations/{organization_slug}/code-mappings/``."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.access import get_projects
from sentry.actions.reading import OrganizationSummary
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.fields import TextField
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.code_mapping import CodeMappingResponse, CodeMappingSerializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.code_mappings import (
    create_code_mapping,
    delete_code_mapping,
    get_code_mapping,
    list_code_mappings,
    update_code_mapping,
)
from sentry.integrations.source_code_management.validation import MAX_REF_BYTES, MAX_ROOT_LENGTH

_MAPPING_ID = path_id("code_mapping_id", "The code mapping's id.")


def _id_field(text: str, *, required: bool = True) -> serializers.IntegerField:
    return serializers.IntegerField(
        required=required, min_value=1, max_value=2**63 - 1, help_text=text
    )


class CodeMappingsQuery(PageQuery):
    """The query parameters of the list of code mappings."""

    other_spellings = {"integration_id": "integrationId"}

    integrationId = _id_field("Only those of this integration.", required=False)  # noqa: N815
    project = TextField(
        required=False, default="", help_text="Only those of this project (id or slug)."
    )


class CodeMappingRequest(Body):
    """A code mapping to create. Ids may be strings or numbers."""

    repository_id = _id_field("A repository of the organization.")
    project_id = _id_field("A project that the caller may see.")
    integration_id = _id_field("The integration that the repository belongs to.")
    stack_root = TextField(
        max_length=MAX_ROOT_LENGTH,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The prefix of stack trace paths, without white space or quotes; may be empty.",
    )
    source_root = TextField(
        max_length=MAX_ROOT_LENGTH,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The prefix in the repository, without white space or quotes; may be empty.",
    )
    default_branch = TextField(
        max_length=MAX_REF_BYTES,
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text="The branch that paths are looked up on; empty: the repository's own.",
    )


@region_silo_endpoint
class OrganizationCodeMappingsEndpoint(OrganizationEndpoint):
    """The code mappings of an organization."""

    url_name = "sentry-api-0-organization-code-mappings"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}

    @extend_schema(
        parameters=[CodeMappingsQuery, LINK], responses=answers(ListOf(CodeMappingResponse))
    )
    def get(
        self,
        request: Request,
        organization: OrganizationSummary,
    ) -> Response:
        """The organization's code mappings, in the order they were made."""
        query = parse(CodeMappingsQuery, request.query_params)
        caller = caller_of(request)
        page = list_code_mappings(
            caller,
            project_id=_project_id(caller, query["project"]),
            integration_id=query.get("integrationId"),
            page_size=query["per_page"],
            page_token=query["cursor"],
        )
        return self.page_response(request, page, CodeMappingSerializer())

    @extend_schema(
        request=CodeMappingRequest,
        responses=answers(CodeMappingResponse, status=201, text="The new mapping."),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Maps a stack root of a project to a source root of a repository."""
        body = parse(CodeMappingRequest, request.data)
        mapping = create_code_mapping(
            caller_of(request),
            organization_id=organization.id,
            **body,
        )
        answer = serialize(mapping, caller_of(request), CodeMappingSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class OrganizationCodeMappingDetailsEndpoint(OrganizationEndpoint):
    """One code mapping."""

    url_name = "sentry-api-0-organization-code-mapping-details"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(parameters=[_MAPPING_ID], responses=answers(CodeMappingResponse))
    def get(
        self, request: Request, organization: OrganizationSummary, code_mapping_id: int
    ) -> Response:
        """The code mapping."""
        mapping = get_code_mapping(caller_of(request), code_mapping_id=code_mapping_id)
        return Response(serialize(mapping, caller_of(request), CodeMappingSerializer()))

    @extend_schema(
        parameters=[_MAPPING_ID],
        request=CodeMappingRequest,
        responses=answers(CodeMappingResponse),
    )
    def put(
        self, request: Request, organization: OrganizationSummary, code_mapping_id: int
    ) -> Response:
        """Replaces the code mapping by another."""
        body = parse(CodeMappingRequest, request.data)
        mapping = update_code_mapping(caller_of(request), code_mapping_id=code_mapping_id, **body)
        return Response(serialize(mapping, caller_of(request), CodeMappingSerializer()))

    @extend_schema(parameters=[_MAPPING_ID], responses=answers(None, status=204, text="Gone."))
    def delete(
        self, request: Request, organization: OrganizationSummary, code_mapping_id: int
    ) -> Response:
        """Deletes the code mapping."""
        delete_code_mapping(caller_of(request), code_mapping_id=code_mapping_id)
        return Response(status=HTTPStatus.NO_CONTENT)


def _project_id(caller: Caller, project: str) -> int | None:
    """The project that a query names by id or slug.

    Raises:
        NotFound: the caller may see no such project.
    """
    if not project:
        return None
    if project.isascii() and project.isdigit():
        (found,) = get_projects(caller, project_ids=[int(project[:19])])
    else:
        (found,) = get_projects(caller, slugs=[project])
    return found.id
