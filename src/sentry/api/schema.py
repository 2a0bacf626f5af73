"""How endpoints describe themselves in the OpenAPI document (drf-spectacular)."""

from typing import TYPE_CHECKING, Any, is_typeddict

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_array_type, resolve_type_hint
from drf_spectacular.utils import Direction, OpenApiParameter, OpenApiResponse

from sentry.api.authentication import SessionAuthentication
from sentry.api.permissions import SessionPermission
from sentry.api.serializers.base import ErrorBody

if TYPE_CHECKING:
    from sentry.api.base import Endpoint


class ListOf:
    """A list of one kind of item, as a response."""

    def __init__(self, item: type) -> None:
        """``item`` is a TypedDict."""
        self.item = item


# The requirement of a method that a session alone may call.
SESSION_ALONE: list[dict[str, list[str]]] = [{"session": []}]

_ERRORS_OF_WRITING = {
    409: "It exists already, or something that it needs is not so.",
    411: "The body comes in chunks, without Content-Length.",
    413: "The body is too large.",
}


class EndpointSchema(AutoSchema):
    """Leaves out what is not published, and names operations by their URL."""

    def is_excluded(self) -> bool:
        """Whether the method is not public."""
        return _view(self).publish_status.get(self.method) != "public"

    def get_operation_id(self) -> str:
        """``get-organization-details`` for GET of ``sentry-api-0-organization-details``."""
        return f"{self.method.lower()}-{_view(self).url_name.removeprefix('sentry-api-0-')}"

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Any one of the credentials will do, or a session alone where none else may call."""
        view = _view(self)
        by_session = SessionPermission in view.permission_classes
        if by_session or SessionAuthentication in view.authentication_classes:
            return SESSION_ALONE
        together: list[dict[str, list[str]]] = super().get_auth()
        return [{name: []} for requirement in together for name in requirement]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        """What the method declares, and the errors of every method that writes."""
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if self.method not in {"POST", "PUT", "DELETE"}:
            return bodies
        errors = dict(_ERRORS_OF_WRITING)
        if self.method != "DELETE" and self.get_request_serializer() is not None:
            errors[415] = "The body is not application/json."
        for code, text in errors.items():
            told = OpenApiResponse(ErrorBody, text)
            bodies[str(code)] = self._get_response_for_code(  # type: ignore[no-untyped-call] # the library has no types
                told, str(code), direction=direction
            )
        return dict(sorted(bodies.items()))

    def get_tags(self) -> list[str]:
        """The first noun of the path below the organization."""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[-1] if len(parts) < 4 else parts[3]]  # noqa: PLR2004


def _view(schema: AutoSchema) -> "Endpoint":
    view: Endpoint = schema.view  # type: ignore[assignment] # only endpoints carry this schema
    return view


def answers(
    success: type | ListOf | None, *, status: int = 200, text: str = "", asks_host: bool = False
) -> dict[int, OpenApiResponse]:
    """The responses of a method: what it gives, and the errors that it may give.

    Those that every method may give that writes are added by ``EndpointSchema``.

    Args:
        success: what it gives; None for an empty answer.
        status: the status of that.
        text: a sentence about it.
        asks_host: whether a host is asked, which may be down.
    """
    errors = {
        400: "A value that can never work.",
        401: "No credential, or one that is not accepted.",
        403: "The credential lacks the scope, or the session's CSRF token is wrong.",
        404: "There is no such thing in the caller's organization.",
        429: "A rate limit is used up; Retry-After says when to come back.",
    }
    if asks_host:
        errors[503] = "The host does not answer; Retry-After may say when to come back."
    described = {code: OpenApiResponse(ErrorBody, why) for code, why in errors.items()}
    return {status: OpenApiResponse(success, text or "What was asked for."), **described}


def path_id(name: str, text: str) -> OpenApiParameter:
    """An id in the path."""
    return OpenApiParameter(
        name, {"type": "string", "pattern": "^[0-9]+$"}, OpenApiParameter.PATH, description=text
    )


LINK = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='Links with rel "previous" and "next"; each carries results and cursor.',
)


class TypedDictExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # the library has no types
    """Describes a TypedDict as a component of its own."""

    target_class = dict

    @classmethod
    def _matches(cls, target: Any) -> bool:
        return is_typeddict(target) or isinstance(target, ListOf)

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:  # noqa: ARG002
        """The TypedDict's name."""
        if isinstance(self.target, ListOf):
            return f"{self.target.item.__name__}List"
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Its fields."""
        if isinstance(self.target, ListOf):
            item = auto_schema.resolve_serializer(self.target.item, direction)
            return dict(build_array_type(item.ref))
        return dict(resolve_type_hint(self.target))  # type: ignore[no-untyped-call] # likewise


class CallerAuthenticationExtension(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # likewise
    """Describes the credentials."""

    target_class = "sentry.api.authentication.CallerAuthentication"
    name = ["apiKey", "token", "session"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:  # noqa: ARG002
        """An API key, a token, or a session's cookie."""
        return [
            {"type": "apiKey", "in": "header", "name": "x-api-key"},
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        ]
