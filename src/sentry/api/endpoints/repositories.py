"""``organizations/{organization_slug}/repos/`` and below."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary
from sentry.api.authentication import caller_of
from sentry.api.base import ApiPublishStatus, parse, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers.base import serialize_one
from sentry.api.serializers.models.commit import CommitResponse, CommitSerializer
from sentry.api.serializers.models.repository import RepositoryResponse, RepositorySerializer
from sentry.integrations.source_code_management.actions.commits import list_stored_commits
from sentry.integrations.source_code_management.actions.repositories import (
    get_repository,
    list_repositories,
)
from sentry.integrations.source_code_management.types import RepositoryState

_REPOSITORY_ID = path_id("repository_id", "The repository's id.")


class RepositoriesQuery(PageQuery):
    """The query parameters of the list of repositories."""

    query = serializers.CharField(
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


@region_silo_endpoint
class OrganizationRepositoriesEndpoint(OrganizationEndpoint):
    """The repositories of an organization."""

    url_name = "sentry-api-0-organization-repositories"
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

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


@region_silo_endpoint
class OrganizationRepositoryDetailsEndpoint(OrganizationEndpoint):
    """One repository."""

    url_name = "sentry-api-0-organization-repository-details"
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

    @extend_schema(parameters=[_REPOSITORY_ID], responses=answers(RepositoryResponse))
    def get(
        self,
        request: Request,
        organization: OrganizationSummary,  # noqa: ARG002 - the caller's own
        repository_id: int,
    ) -> Response:
        """The repository."""
        repository = get_repository(caller_of(request), repository_id=repository_id)
        return Response(serialize_one(repository, caller_of(request), RepositorySerializer()))


@region_silo_endpoint
class OrganizationRepositoryCommitsEndpoint(OrganizationEndpoint):
    """The stored commits of a repository."""

    url_name = "sentry-api-0-organization-repository-commits"
    publish_status = {"GET": ApiPublishStatus.PUBLIC}

    @extend_schema(
        parameters=[_REPOSITORY_ID, PageQuery, LINK], responses=answers(ListOf(CommitResponse))
    )
    def get(
        self,
        request: Request,
        organization: OrganizationSummary,  # noqa: ARG002 - the caller's own
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
