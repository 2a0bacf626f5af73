"""``organizations/{organization_slug}/repos/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

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
from sentry.api.serializers.models.commit import CommitResponse, CommitSerializer
from sentry.api.serializers.models.repository import RepositoryResponse, RepositorySerializer
from sentry.auth.ratelimit import RateLimit
from sentry.integrations.source_code_management.actions.commits import list_stored_commits
from sentry.integrations.source_code_management.actions.repositories import (
    delete_repository,
    get_repository,
    list_repositories,
)
from sentry.integrations.source_code_management.actions.repository_changes import (
    MAX_IDENTIFIER,
    add_repository,
    update_repository,
)
from sentry.integrations.source_code_management.types import RepositoryState

_REPOSITORY_ID = path_id("repository_id", "The repository's id.")


class RepositoriesQuery(PageQuery):
    """The query parameters of the list of repositories."""

    other_spellings = {"integrationId": "integration_id"}

    query = TextField(
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text="A part of the name, upper and lower case being the same.",
    )
    status = serializers.ChoiceField(
        required=False,
        default="",
        allow_blank=True,
        choices=[state.value for state in RepositoryState],
        help_text="Only those in this state; without it active and disabled ones.",
    )
    integration_id = serializers.IntegerField(
        required=False,
        default=None,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Only those of this integration.",
    )


# "visible" is what other clients call active.
_STATES = {state.value: state for state in RepositoryState} | {"visible": RepositoryState.ACTIVE}


class RepositoryRequest(Body):
    """A repository to add."""

    integration_id = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="An integration of the organization."
    )
    identifier = TextField(
        max_length=MAX_IDENTIFIER, help_text="The host's name for it (acme/shop)."
    )
    provider = TextField(
        required=False, help_text="integrations:github: the kind of host, if it is to be checked."
    )


class RepositoryChange(Body):
    """What is to change of a repository."""

    status = serializers.ChoiceField(choices=list(_STATES), required=False)
    integration_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


@region_silo_endpoint
class OrganizationRepositoriesEndpoint(OrganizationEndpoint):
    """The repositories of an organization."""

    url_name = "sentry-api-0-organization-repositories"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    rate_limits = {"POST": RateLimit(60)}  # it asks a host

    @extend_schema(
        parameters=[RepositoriesQuery, LINK], responses=answers(ListOf(RepositoryResponse))
    )
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization's repositories, by name."""
        query = parse(RepositoriesQuery, request.query_params)
        page = list_repositories(
            caller_of(request),
            organization_id=organization.id,
            query=query["query"],
            status=RepositoryState(query["status"]) if query["status"] else None,
            integration_id=query["integration_id"],
            page_size=query["per_page"],
            page_token=query["cursor"],
        )
        return self.page_response(request, page, RepositorySerializer())

    @extend_schema(
        request=RepositoryRequest,
        responses=answers(
            RepositoryResponse, status=201, text="The repository, as stored.", asks_host=True
        ),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Adds a repository that an integration reaches. Its host is asked."""
        body = parse(RepositoryRequest, request.data)
        repository = add_repository(caller_of(request), **body)
        answer = serialize(repository, caller_of(request), RepositorySerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@region_silo_endpoint
class OrganizationRepositoryDetailsEndpoint(OrganizationEndpoint):
    """One repository."""

    url_name = "sentry-api-0-organization-repository-details"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(parameters=[_REPOSITORY_ID], responses=answers(RepositoryResponse))
    def get(
        self,
        request: Request,
        organization: OrganizationSummary,
        repository_id: int,
    ) -> Response:
        """The repository."""
        repository = get_repository(caller_of(request), repository_id=repository_id)
        return Response(serialize(repository, caller_of(request), RepositorySerializer()))

    @extend_schema(
        parameters=[_REPOSITORY_ID], request=RepositoryChange, responses=answers(RepositoryResponse)
    )
    def put(
        self, request: Request, organization: OrganizationSummary, repository_id: int
    ) -> Response:
        """Changes the repository's state, or the integration that reaches it."""
        body = parse(RepositoryChange, request.data)
        status = body.get("status")
        repository = update_repository(
            caller_of(request),
            repository_id=repository_id,
            status=_STATES[status] if status else None,
            integration_id=body.get("integration_id"),
        )
        return Response(serialize(repository, caller_of(request), RepositorySerializer()))

    @extend_schema(
        parameters=[_REPOSITORY_ID],
        responses=answers(None, status=202, text="It will be deleted with its commits."),
    )
    def delete(
        self, request: Request, organization: OrganizationSummary, repository_id: int
    ) -> Response:
        """Deletes the repository with its commits and code mappings, in the background."""
        delete_repository(caller_of(request), repository_id=repository_id)
        return Response(status=HTTPStatus.ACCEPTED)


@region_silo_endpoint
class OrganizationRepositoryCommitsEndpoint(OrganizationEndpoint):
    """The stored commits of a repository."""

    url_name = "sentry-api-0-organization-repository-commits"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

    @extend_schema(
        parameters=[_REPOSITORY_ID, PageQuery, LINK], responses=answers(ListOf(CommitResponse))
    )
    def get(
        self,
        request: Request,
        organization: OrganizationSummary,
        repository_id: int,
    ) -> Response:
        """The repository's stored commits, newest first."""
        query = parse(PageQuery, request.query_params)
        page = list_stored_commits(
            caller_of(request),
            repository_id=repository_id,
            page_size=query["per_page"],
            page_token=query["cursor"],
        )
        return self.page_response(request, page, CommitSerializer())
