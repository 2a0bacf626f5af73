"""``api-tokens/`` and below: the signed-in user's own tokens. A program cannot make any."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.credential_requests import (
    issue_user_token,
    page_of_user_tokens,
    withdraw_user_token,
)
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import caller_of
from sentry.api.base import ControlSiloEndpoint, parse
from sentry.api.endpoints.credential_bodies import ApiTokenRequest
from sentry.api.pagination import PageQuery
from sentry.api.permissions import SessionPermission
from sentry.api.schema import LINK, ListOf, answers, path_id
from sentry.api.serializers import serialize
from sentry.api.serializers.models.credential import (
    CredentialResponse,
    CredentialSerializer,
    NewCredentialResponse,
    NewCredentialSerializer,
)
from sentry.auth.ratelimit import RateLimit


class ApiTokensEndpoint(ControlSiloEndpoint):
    """The tokens of the signed-in user."""

    url_name = "sentry-api-0-api-tokens"
    owner = ApiOwner.ACCESS
    publish_status = {"GET": ApiPublishStatus.PUBLIC, "POST": ApiPublishStatus.PUBLIC}
    needs_organization = False
    permission_classes = (SessionPermission,)
    rate_limits = {"POST": RateLimit(60)}

    @extend_schema(parameters=[PageQuery, LINK], responses=answers(ListOf(CredentialResponse)))
    def get(self, request: Request) -> Response:
        """The user's own tokens, revoked and expired ones too, in the order they were made."""
        query = parse(PageQuery, request.query_params)
        page = page_of_user_tokens(
            caller_of(request), page_size=query["per_page"], page_token=query["cursor"]
        )
        return self.page_response(request, page, CredentialSerializer())

    @extend_schema(
        request=ApiTokenRequest,
        responses=answers(NewCredentialResponse, status=201, text="It, and its secret: once."),
    )
    def post(self, request: Request) -> Response:
        """Makes a token of the user. Its secret is in this answer and in no other."""
        body = parse(ApiTokenRequest, request.data)
        made = issue_user_token(caller_of(request), **body)
        answer = serialize(made, caller_of(request), NewCredentialSerializer())
        return Response(answer, status=HTTPStatus.CREATED)


class ApiTokenDetailsEndpoint(ControlSiloEndpoint):
    """One token of the signed-in user."""

    url_name = "sentry-api-0-api-token-details"
    owner = ApiOwner.ACCESS
    publish_status = {"DELETE": ApiPublishStatus.PUBLIC}
    needs_organization = False
    permission_classes = (SessionPermission,)

    @extend_schema(
        parameters=[path_id("token_id", "The token's id.")],
        responses=answers(None, status=204, text="It is revoked."),
    )
    def delete(self, request: Request, token_id: int) -> Response:
        """Revokes the token; a revoked one stays so."""
        withdraw_user_token(caller_of(request), token_id=token_id)
        return Response(status=HTTPStatus.NO_CONTENT)
