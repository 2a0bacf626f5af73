"""``organizations/{organization_slug}/integrations/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import Body, control_silo_endpoint, parse
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.fields import TextField
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.integration import IntegrationResponse, IntegrationSerializer
from sentry.auth.ratelimit import RateLimit
from sentry.integrations.source_code_management.actions.integration_pages import (
    list_integration_page,
)
from sentry.integrations.source_code_management.actions.integrations import (
    NAME_LIMIT,
    add_integration,
    get_integration,
    replace_credential,
)
from sentry.integrations.source_code_management.types import ProviderKey

_ID = path_id("integration_id", "The integration's id.")
_PROVIDERS = [key.value for key in ProviderKey]


class IntegrationsQuery(PageQuery):
    """The query parameters of the list of integrations."""

    other_spellings = {"provider_key": "provider", "providerKey": "provider"}

    provider = serializers.ChoiceField(
        required=False, default="", allow_blank=True, choices=_PROVIDERS, help_text="Only these."
    )


class IntegrationRequest(Body):
    """An integration to add, or an account's new credential."""

    provider = serializers.ChoiceField(choices=_PROVIDERS, help_text="The kind of host.")
    name = TextField(
        max_length=NAME_LIMIT, required=False, default="", allow_blank=True,
        help_text="What people call it; the account on the host where it is left out.",
    )  # fmt: skip
    metadata = serializers.DictField(
        write_only=True, help_text="The host's address and the credential, as the provider asks."
    )


class CredentialReplacement(Body):
    """An integration's new credential."""

    metadata = serializers.DictField(
        write_only=True, help_text="The credential alone: the host stays."
    )


@control_silo_endpoint
class OrganizationIntegrationsEndpoint(OrganizationEndpoint):
    """The integrations of an organization."""

    url_name = "sentry-api-0-organization-integrations"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    rate_limits = {"POST": RateLimit(60)}  # it asks a host

    @extend_schema(
        parameters=[IntegrationsQuery, LINK], responses=answers(ListOf(IntegrationResponse))
    )
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization's integrations, by name, without their credentials."""
        query = parse(IntegrationsQuery, request.query_params)
        page = list_integration_page(
            caller_of(request),
            provider=ProviderKey(query["provider"]) if query["provider"] else None,
            page_size=query["per_page"],
            page_token=query["cursor"],
        )
        return self.page_response(request, page, IntegrationSerializer())

    @extend_schema(
        request=IntegrationRequest,
        responses=answers(
            IntegrationResponse, status=201, text="The integration, as stored.", asks_host=True
        ),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Adds an integration, or gives the one of the same account a new credential.

        The host is asked first: a credential that it rejects, or that lacks permissions, is not
        stored.
        """
        body = parse(IntegrationRequest, request.data)
        made = add_integration(
            caller_of(request),
            provider=body["provider"],
            name=body["name"],
            metadata=body["metadata"],
        )
        answer = serialize(made, caller_of(request), IntegrationSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@control_silo_endpoint
class OrganizationIntegrationDetailsEndpoint(OrganizationEndpoint):
    """One integration."""

    url_name = "sentry-api-0-organization-integration-details"
    owner = ApiOwner.SOURCE_CODE
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "PUT": ApiPublishStatus.PUBLIC}
    rate_limits = {"PUT": RateLimit(60)}  # it asks a host

    @extend_schema(parameters=[_ID], responses=answers(IntegrationResponse))
    def get(
        self, request: Request, organization: OrganizationSummary, integration_id: int
    ) -> Response:
        """The integration, without its credential."""
        found = get_integration(caller_of(request), integration_id=integration_id)
        return Response(serialize(found, caller_of(request), IntegrationSerializer()))

    @extend_schema(
        parameters=[_ID],
        request=CredentialReplacement,
        responses=answers(IntegrationResponse, asks_host=True),
    )
    def put(
        self, request: Request, organization: OrganizationSummary, integration_id: int
    ) -> Response:
        """Gives the integration another credential on the same host, which is asked first."""
        body = parse(CredentialReplacement, request.data)
        changed = replace_credential(
            caller_of(request), integration_id=integration_id, metadata=body["metadata"]
        )
        return Response(serialize(changed, caller_of(request), IntegrationSerializer()))
