"""Sessions: signing in with a password, and out again.

A session lives on Django's request and in its store, so these use cases take the request.
"""

from django.contrib import auth
from django.db.models import F
from django.http import HttpRequest
from django.middleware.csrf import get_token

from sentry import models
from sentry.actions.users import User, user_value
from sentry.integrations.source_code_management.errors import NotFound, Reason, Unauthenticated


def sign_in(request: HttpRequest, *, username: str, password: str) -> User:
    """Opens a session of the user and rotates its cookie and the CSRF token.

    Args:
        request: the request, whose answer will carry the cookies.
        username: the user's name, or an address that only one user has.
        password: theirs.

    Raises:
        Unauthenticated: there is no such user, the password is another, or the user is disabled;
            nobody can tell which.
        RateLimited: too many passwords were tried.
    """
    user = auth.authenticate(request, username=username, password=password)
    if not isinstance(user, models.User):
        raise Unauthenticated(
            "the user name or the password is wrong", reason=Reason.CREDENTIAL_INVALID
        )
    if auth.SESSION_KEY in request.session:
        request.session.cycle_key()  # Django keeps the key where the same user signs in again
    auth.login(request, user)
    return user_value(user)


def sign_out(request: HttpRequest) -> None:
    """Ends the session of the request, if there is one; its data is deleted."""
    auth.logout(request)


def signed_in_user(request: HttpRequest) -> User:
    """The user of the session; the answer will carry the CSRF cookie.

    Raises:
        Unauthenticated: there is no session, it has ended, or its user is disabled.
    """
    user = request.user
    if not isinstance(user, models.User):
        raise Unauthenticated("sign in first", reason=Reason.CREDENTIAL_MISSING)
    get_token(request)
    return user_value(user)


def set_active(*, user_id: int, is_active: bool) -> None:
    """Disables or enables a user. Disabling ends their sessions for good, and refuses their tokens.

    Raises:
        NotFound: there is no such user.
    """
    user = models.User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound("user")
    user.is_active = is_active
    if not is_active:
        user.session_generation = F("session_generation") + 1
    user.save(update_fields=["is_active", "session_generation"])


def end_sessions(*, user_id: int) -> None:
    """Ends every session of a user, everywhere at once.

    Raises:
        NotFound: there is no such user.
    """
    generation = F("session_generation") + 1
    if not models.User.objects.filter(id=user_id).update(session_generation=generation):
        raise NotFound("user")
