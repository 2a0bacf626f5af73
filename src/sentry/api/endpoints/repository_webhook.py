"""``organizations/{organization_slug}/repos/{repository_id}/webhook/``."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.schema import answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.webhook import WebhookResponse, WebhookSerializer
from sentry.auth.ratelimit import RateLimit
from sentry.integrations.source_code_management.actions.webhook_registration import (
    register_webhook,
    unregister_webhook,
)

_REPOSITORY_ID = path_id("repository_id", "The repository's id.")


@region_silo_endpoint
class OrganizationRepositoryWebhookEndpoint(OrganizationEndpoint):
    """The webhook by which a repository's host tells of it."""

    url_name = "sentry-api-0-organization-repository-webhook"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"POST": ApiPublishStatus.PUBLIC, "DELETE": ApiPublishStatus.PUBLIC}
    rate_limits = {"POST": RateLimit(60), "DELETE": RateLimit(60)}  # both ask a host

    @extend_schema(
        parameters=[_REPOSITORY_ID],
        request=None,
        responses=answers(
            WebhookResponse, status=201, text="The registration on the host.", asks_host=True
        ),
    )
    def post(
        self, request: Request, organization: OrganizationSummary, repository_id: int
    ) -> Response:
        """Has the host deliver; a registration that is there is brought up to date."""
        made = register_webhook(caller_of(request), repository_id=repository_id)
        answer = serialize(made, caller_of(request), WebhookSerializer())
        return Response(answer, status=HTTPStatus.CREATED)

    @extend_schema(
        parameters=[_REPOSITORY_ID],
        responses=answers(
            None, status=204, text="The host delivers no more for it.", asks_host=True
        ),
    )
    def delete(
        self, request: Request, organization: OrganizationSummary, repository_id: int
    ) -> Response:
        """Ends the registration; one that is not there is no error."""
        unregister_webhook(caller_of(request), repository_id=repository_id)
        return Response(status=HTTPStatus.NO_CONTENT)
