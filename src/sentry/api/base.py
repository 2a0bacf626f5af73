"""The base of every REST endpoint."""

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, NoReturn

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer as RequestSerializer
from rest_framework.views import APIView

from sentry import options
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import CallerAuthentication, caller_of
from sentry.api.errors import LengthRequired, camel_case
from sentry.api.pagination import link_header
from sentry.api.parsers import BoundedJSONParser
from sentry.api.permissions import NoAccess
from sentry.api.renderers import JSONOnly, TotalJSONRenderer
from sentry.api.schema import EndpointSchema
from sentry.api.serializers import Serializer, serialize
from sentry.auth.ratelimit import RateLimit, RateLimitState, limiter
from sentry.integrations.source_code_management.errors import (
    NotFound,
    RateLimited,
    TooLarge,
)
from sentry.integrations.source_code_management.types import Page
from sentry.silo import SiloMode
from sentry.utils.deadline import deadline_at
from sentry.utils.referrer import HEADER, referred_by


class Endpoint(APIView):
    """One address of the REST interface.

    Attributes:
        url_name: the name of its URL, and its key in ``sentry.auth.policy``.
        owner: who answers for it.
        publish_status: by method.
        silo_modes: where it is served; elsewhere it is not found.
        rate_limits: by method, how often one credential may call it; the credential's own limit
            over all endpoints holds too.
        needs_organization: whether a session whose user belongs to none is refused.
    """

    url_name: ClassVar[str] = ""
    owner: ClassVar[ApiOwner] = ApiOwner.UNOWNED
    publish_status: ClassVar[Mapping[str, ApiPublishStatus]] = {}
    silo_modes: ClassVar[frozenset[SiloMode]] = frozenset()
    rate_limits: ClassVar[Mapping[str, RateLimit]] = {}
    needs_organization: ClassVar[bool] = True

    authentication_classes: Sequence[type[BaseAuthentication]] = (CallerAuthentication,)
    permission_classes: Sequence[type[BasePermission]] = (NoAccess,)
    parser_classes = (BoundedJSONParser,)
    renderer_classes = (TotalJSONRenderer,)
    content_negotiation_class = JSONOnly
    http_method_names = ("get", "post", "put", "delete", "head", "options")
    schema = EndpointSchema()

    rate_limit: RateLimitState | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Answers one request, within the time that every call has."""
        with (
            deadline_at(time.monotonic() + options.get_float("grpc.default-deadline")),
            referred_by(request.headers.get(HEADER, "")),
        ):
            answer: Response = super().dispatch(request, *args, **kwargs)  # type: ignore[assignment]
        return answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Checks, in this order: silo, size, credential, rate limit, scope.

        Raises:
            ScmError, LengthRequired: one of them says no.
        """
        if not serves(type(self), SiloMode.get_current_mode()):
            raise NotFound("endpoint")
        _check_length(request)
        super().initial(request, *args, **kwargs)

    def options(self, *_args: Any, **_kwargs: Any) -> Response:
        """Which methods the address takes, in ``Allow``."""
        return Response(status=HTTPStatus.NO_CONTENT)

    def perform_authentication(self, request: Request) -> None:
        """Finds the caller and counts the request."""
        super().perform_authentication(request)
        credential = caller_of(request).credential
        self.rate_limit = limiter.hit(credential)
        rate = self.rate_limits.get(request.method or "")
        if rate is not None:
            name = self.url_name.removeprefix("sentry-api-0-")
            own = limiter.count(
                f"{credential}:{name}:{request.method}",
                rate,
                what=f"the credential's rate limit for {request.method} of this address",
            )
            if self.rate_limit is None or own.remaining < self.rate_limit.remaining:
                self.rate_limit = own  # the tighter of both is what the caller is told

    def permission_denied(self, *_args: object, **_kwargs: object) -> NoReturn:
        """An endpoint that nobody may call is not there."""
        raise NotFound("endpoint")

    def handle_exception(self, exc: Exception) -> Response:
        """The error's answer; that of a used-up limit says when it begins anew."""
        response = super().handle_exception(exc)
        if isinstance(exc, RateLimited):
            self.rate_limit = RateLimitState(exc.limit, 0, exc.reset_at)
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Adds the state of the caller's rate limit."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        if self.rate_limit is not None:
            answer.headers["X-RateLimit-Limit"] = str(self.rate_limit.limit)
            answer.headers["X-RateLimit-Remaining"] = str(self.rate_limit.remaining)
            answer.headers["X-RateLimit-Reset"] = str(self.rate_limit.reset_at)
        return answer

    def page_response[T, A, R](
        self, request: Request, page: Page[T], serializer: Serializer[T, A, R]
    ) -> Response:
        """A list's answer: the items, and the cursors in the ``Link`` header."""
        body = serialize(page.items, caller_of(request), serializer)
        return Response(body, headers={"Link": link_header(request, page)})


def _check_length(request: Request) -> None:
    length = request.META.get("CONTENT_LENGTH")
    if not length:
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            raise LengthRequired  # Django would read the body as an empty one
        return
    limit = options.get_int("grpc.max-request-bytes")
    if not length.isdigit() or int(length) > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")


class Body(RequestSerializer[None]):
    """The body of a request: snake_case here, camelCase in the JSON; unknown fields are refused."""

    def get_fields(self) -> dict[str, Any]:
        """The fields by the names that callers use."""
        fields: dict[str, Any] = {}
        for name, field in super().get_fields().items():
            called = camel_case(name)
            if called != name:
                field.source = name
            fields[called] = field
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """The checked values by snake_case names.

        Raises:
            ValidationError: one is wrong, or no field of this request.
        """
        unknown = data.keys() - self.fields.keys() if isinstance(data, Mapping) else ()
        if unknown:
            known = ", ".join(self.fields)
            raise ValidationError(
                {name: [f"is no field of this request; there are {known}"] for name in unknown}
            )
        return super().to_internal_value(data)


def parse(kind: type[RequestSerializer[Any]], data: object) -> dict[str, Any]:
    """The checked values of a query or a body.

    Raises:
        ValidationError: a value that can never work, by field.
    """
    parsed = kind(data=data)
    parsed.is_valid(raise_exception=True)
    values: dict[str, Any] = parsed.validated_data
    return values


def serves(endpoint: type[Endpoint], mode: SiloMode) -> bool:
    """Whether a process in this mode answers at the endpoint."""
    return mode is SiloMode.MONOLITH or mode in endpoint.silo_modes


def _in_silo[E: Endpoint](mode: SiloMode) -> Callable[[type[E]], type[E]]:
    def decorate(endpoint: type[E]) -> type[E]:
        endpoint.silo_modes = frozenset({mode})
        return endpoint

    return decorate


def region_silo_endpoint[E: Endpoint](endpoint: type[E]) -> type[E]:
    """Serves the endpoint in a region silo and in a monolith."""
    return _in_silo(SiloMode.REGION)(endpoint)


def control_silo_endpoint[E: Endpoint](endpoint: type[E]) -> type[E]:
    """Serves the endpoint in the control silo and in a monolith."""
    return _in_silo(SiloMode.CONTROL)(endpoint)


class RegionSiloEndpoint(Endpoint):
    """An endpoint of the region silo."""

    silo_modes = frozenset({SiloMode.REGION})


class ControlSiloEndpoint(Endpoint):
    """An endpoint of the control silo."""

    silo_modes = frozenset({SiloMode.CONTROL})
