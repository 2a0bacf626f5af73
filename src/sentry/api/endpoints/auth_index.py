"""``auth/``: who is signed in, signing in, signing out."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.sessions import sign_in, sign_out, signed_in_user
from sentry.api.api_owners import ApiOwner
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.authentication import SessionAuthentication
from sentry.api.base import Body, Endpoint, control_silo_endpoint, parse
from sentry.api.fields import TextField
from sentry.api.permissions import EverySession
from sentry.api.schema import answers
from sentry.api.serializers.models.user import UserResponse, user_response
from sentry.auth.ratelimit import limiter

_MAX_LENGTH = 4096


class SignInRequest(Body):
    """Who signs in."""

    username = TextField(
        max_length=_MAX_LENGTH, help_text="The user name, or an address that only one user has."
    )
    password = TextField(max_length=_MAX_LENGTH, trim_whitespace=False)


@control_silo_endpoint
class AuthIndexEndpoint(Endpoint):
    """The session itself. It belongs to a user, not to an organization."""

    url_name = "sentry-api-0-auth"
    owner = ApiOwner.ACCESS
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "POST": ApiPublishStatus.PUBLIC,
        "DELETE": ApiPublishStatus.PUBLIC,
    }
    authentication_classes = (SessionAuthentication,)
    permission_classes = (EverySession,)

    def perform_authentication(self, request: Request) -> None:
        """Finds the session's user and counts the request; who signs in has none yet.

        Raises:
            Unauthenticated: there is no session.
            CsrfFailed: an unsafe request of a session without its token.
        """
        if request.method != "POST":
            self.rate_limit = limiter.hit(f"user:{request.user.pk}")

    @extend_schema(responses=answers(UserResponse))
    def get(self, request: Request) -> Response:
        """The user who is signed in. The answer carries the CSRF cookie."""
        return Response(user_response(signed_in_user(request._request)))  # noqa: SLF001 - Django's own request holds the session

    @extend_schema(request=SignInRequest, responses=answers(UserResponse), auth=[])
    def post(self, request: Request) -> Response:
        """Signs a user in. The answer carries a new session's cookie and a new CSRF cookie.

        An unknown user, a wrong password and a disabled user are answered alike. A body in JSON is
        what no form of a foreign page can send, so this needs no CSRF token.
        """
        given = parse(SignInRequest, request.data)
        user = sign_in(
            request._request,  # noqa: SLF001 - as above
            username=given["username"],
            password=given["password"],
        )
        return Response(user_response(user))

    @extend_schema(responses=answers(None, status=204, text="There is no session any more."))
    def delete(self, request: Request) -> Response:
        """Signs out: the session is deleted."""
        sign_out(request._request)  # noqa: SLF001 - as above
        return Response(status=204)
