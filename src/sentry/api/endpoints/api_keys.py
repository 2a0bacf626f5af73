"""``organizations/{organization_slug}/api-keys/`` and below."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.credential_requests import (
    get_api_key,
    issue_api_key,
    page_of_api_keys,
    update_api_key,
)
from sentry.actions.credentials import revoke_api_key
from sentry.actions.reading import OrganizationSummary
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import control_silo_endpoint, parse
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.endpoints.credential_bodies import ApiKeyChange, ApiKeyRequest
from sentry.api.pagination import PageQuery
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.credential import (
    CredentialResponse,
    CredentialSerializer,
    NewCredentialResponse,
    NewCredentialSerializer,
)
from sentry.auth.ratelimit import RateLimit

_ID = path_id("api_key_id", "The API key's id.")


@control_silo_endpoint
class OrganizationApiKeysEndpoint(OrganizationEndpoint):
    """The API keys of an organization."""

    url_name = "sentry-api-0-organization-api-keys"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    rate_limits = {"POST": RateLimit(60)}

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(CredentialResponse)))
    def get(self, request: Request, organization: OrganizationSummary) -> Response:
        """The organization's API keys, revoked ones too, in the order they were made."""
        query = parse(PageQuery, request.query_params)
        page = page_of_api_keys(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, CredentialSerializer())

    @extend_schema(
        request=ApiKeyRequest,
        responses=answers(NewCredentialResponse, status=201, text="It, and its secret: once."),
    )
    def post(self, request: Request, organization: OrganizationSummary) -> Response:
        """Makes an API key. Its secret is in this answer and in no other."""
        body = parse(ApiKeyRequest, request.data)
        made = issue_api_key(caller_of(request), scopes=body["scopes"], label=body["name"])
        answer = serialize(made, caller_of(request), NewCredentialSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


@control_silo_endpoint
class OrganizationApiKeyDetailsEndpoint(OrganizationEndpoint):
    """One API key."""

    url_name = "sentry-api-0-organization-api-key-details"
    owner = ApiOwner.ACCESS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }

    @extend_schema(parameters=[_ID], responses=answers(CredentialResponse))
    def get(self, request: Request, organization: OrganizationSummary, api_key_id: int) -> Response:
        """The API key, without its secret."""
        found = get_api_key(caller_of(request), api_key_id=api_key_id)
        return Response(serialize(found, caller_of(request), CredentialSerializer()))

    @extend_schema(parameters=[_ID], request=ApiKeyChange, responses=answers(CredentialResponse))
    def put(self, request: Request, organization: OrganizationSummary, api_key_id: int) -> Response:
        """Changes the API key's name or scopes. A scope to add is one that the caller holds."""
        body = parse(ApiKeyChange, request.data)
        changed = update_api_key(
            caller_of(request),
            api_key_id=api_key_id,
            label=body.get("name"),
            scopes=body.get("scopes"),
        )
        return Response(serialize(changed, caller_of(request), CredentialSerializer()))

    @extend_schema(parameters=[_ID], responses=answers(None, status=204, text="It is revoked."))
    def delete(
        self, request: Request, organization: OrganizationSummary, api_key_id: int
    ) -> Response:
        """Revokes the API key; a revoked one stays so."""
        revoke_api_key(organization_id=organization.id, api_key_id=api_key_id)
        return Response(status=HTTPStatus.NO_CONTENT)
