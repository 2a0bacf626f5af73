"""Who calls a REST endpoint: a credential in a header, or a session."""

from contextlib import suppress
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from sentry.actions.access import organization_of_user, organization_with_slug
from sentry.api.errors import CHALLENGE, CsrfFailed
from sentry.auth.authentication import (
    PresentedCredentials,
    authenticate,
    caller_of_user,
    caller_without_organization,
    parse_organization_id,
)
from sentry.auth.caller import Caller, CallerKind
from sentry.integrations.source_code_management.errors import (
    NotFound,
    Reason,
    Unauthenticated,
)

USER_TOKEN_PREFIX = "sntryu_"  # noqa: S105 - how user tokens begin


class CallerAuthentication(BaseAuthentication):
    """Puts the ``Caller`` into ``request.user`` and ``request.auth``.

    A program's credential acts in its own organization, a user token in that of
    ``x-organization-id``, else of the path, else in the user's only one. A session acts in the
    organization of the path, else of ``x-organization-id``, else in the user's first one, and where
    the endpoint needs none, in none; its unsafe requests need the CSRF token.
    """

    def authenticate(self, request: Request) -> tuple[Caller, Caller]:
        """The caller, twice: the framework asks for a user and for a credential.

        Raises:
            Unauthenticated: there is no credential and no session, more than one, or one that is
                not accepted.
            NotFound: the session's user is no member of the organization.
            CsrfFailed: an unsafe request of a session without its token.
        """
        presented = PresentedCredentials(
            api_key=request.headers.get("x-api-key", ""),
            authorization=request.headers.get("authorization", ""),
            organization_id=request.headers.get("x-organization-id", ""),
        )
        if presented.api_key or presented.authorization:
            if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
                raise Unauthenticated(
                    "more than one credential was given: a session's cookie and a header",
                    reason=Reason.CREDENTIAL_INVALID,
                )
            caller = _credential(presented, _slug_of(request))
        else:
            caller = _session(request, presented.organization_id)
        return caller, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """The challenge that goes with a 401."""
        return CHALLENGE


class SessionAuthentication(BaseAuthentication):
    """Takes a session alone, for what belongs to the signed-in user and to no organization.

    ``request.auth`` is None: there is no ``Caller`` without an organization.
    """

    def authenticate(self, request: Request) -> tuple[object, None]:
        """The session's user.

        Raises:
            Unauthenticated: there is no session, or a credential beside it.
            CsrfFailed: an unsafe request of a session without its token.
        """
        if request.headers.get("x-api-key") or request.headers.get("authorization"):
            raise Unauthenticated(
                "this takes a session, and no credential beside it",
                reason=Reason.CREDENTIAL_INVALID,
            )
        return session_user(request), None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """The challenge that goes with a 401."""
        return CHALLENGE


def caller_of(request: Request) -> Caller:
    """The caller of an authenticated request."""
    caller = request.auth
    if not isinstance(caller, Caller):
        raise Unauthenticated("a credential is needed", reason=Reason.CREDENTIAL_MISSING)
    return caller


def _slug_of(request: Request) -> str:
    slug: str = request.parser_context["kwargs"].get("organization_slug", "")
    return slug


def _credential(presented: PresentedCredentials, slug: str) -> Caller:
    """The credential's caller; a user token without a header is tried in the path's organization.

    Where the user does not belong to that one, the answer is what it would be for a slug that
    nobody has.
    """
    is_user_token = f" {USER_TOKEN_PREFIX}" in presented.authorization
    if is_user_token and slug and not presented.organization_id and not presented.api_key:
        organization_id = organization_with_slug(slug)
        if organization_id is not None:
            with suppress(Unauthenticated):
                return authenticate(replace(presented, organization_id=str(organization_id)))
    return authenticate(presented)


def session_user(request: Request) -> AbstractBaseUser:
    """The user of the request's session.

    Raises:
        Unauthenticated: there is no session, it has ended, or its user is disabled.
        CsrfFailed: an unsafe request without the session's CSRF token.
    """
    # Django's own request: its user comes from the session, the framework's from here.
    django_request: HttpRequest = request._request  # noqa: SLF001
    user = getattr(django_request, "user", None)
    if not isinstance(user, AbstractBaseUser):
        raise Unauthenticated("a credential is needed", reason=Reason.CREDENTIAL_MISSING)
    _check_csrf(django_request)
    return user


def _session(request: Request, asked: str) -> Caller:
    user = session_user(request)
    slug = _slug_of(request)
    organization_id = organization_of_user(
        user.pk, slug=slug, organization_id=parse_organization_id(asked)
    )
    if organization_id is not None:
        caller = caller_of_user(user.pk, organization_id, CallerKind.SESSION)
        if caller is not None:
            return caller
    elif not slug and not asked and not request.parser_context["view"].needs_organization:
        return caller_without_organization(user.pk)
    raise NotFound("organization")


def _check_csrf(request: HttpRequest) -> None:
    def unused(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = CSRFCheck(unused)
    check.process_request(request)
    if check.process_view(request, unused, (), {}):
        raise CsrfFailed
