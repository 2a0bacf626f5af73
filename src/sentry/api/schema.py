"""How endpoints describe themselves in the OpenAPI document (drf-spectacular)."""

from typing import TYPE_CHECKING, Any, is_typeddict

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_array_type, resolve_type_hint
from drf_spectacular.utils import Direction, OpenApiParameter, OpenApiResponse

from sentry.api.serializers.base import ErrorBody

if TYPE_CHECKING:
    from sentry.api.base import Endpoint


class ListOf:
    """A list of one kind of item, as a response."""

    def __init__(self, item: type) -> None:
        """``item`` is a TypedDict."""
        self.item = item


class EndpointSchema(AutoSchema):
    """Leaves out what is not published, and names operations by their URL."""

    def is_excluded(self) -> bool:
        """Whether the method is not public."""
        return _view(self).publish_status.get(self.method) != "public"

    def get_operation_id(self) -> str:
        """``get-organization-details`` for GET of ``sentry-api-0-organization-details``."""
        return f"{self.method.lower()}-{_view(self).url_name.removeprefix('sentry-api-0-')}"

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Any one of the credentials will do: a requirement for each, not one for all."""
        together: list[dict[str, list[str]]] = super().get_auth()
        return [{name: []} for requirement in together for name in requirement]

    def get_tags(self) -> list[str]:
        """The first noun of the path below the organization."""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[-1] if len(parts) < 4 else parts[3]]  # noqa: PLR2004


def _view(schema: AutoSchema) -> "Endpoint":
    view: Endpoint = schema.view  # type: ignore[assignment] # only endpoints carry this schema
    return view


def answers(
    success: type | ListOf | None, *, status: int = 200, text: str = ""
) -> dict[int, OpenApiResponse]:
    """The responses of a method: what it gives, and the errors that every method may give."""
    errors = {
        400: "A value that can never work.",
        401: "No credential, or one that is not accepted.",
        403: "The credential lacks the scope, or the session's CSRF token is wrong.",
        404: "There is no such thing in the caller's organization.",
        429: "The rate limit is used up; Retry-After says when to come back.",
    }
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


class SessionAuthenticationExtension(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # likewise
    """Describes a session where nothing else is taken."""

    target_class = "sentry.api.authentication.SessionAuthentication"
    name = "sessionOnly"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """A session's cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


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
