"""Whether a password is a user's own. Both ways to sign in, REST and the admin pages, ask here."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.http import HttpRequest

from sentry.auth.attempts import client_address, count_attempt
from sentry.models.user import User


class PasswordBackend(ModelBackend):
    """Takes a user name, or an address that only one user has, and a password.

    Nobody can tell an unknown user from a wrong password or a disabled user: the answer is the
    same, and so is the work.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        """The user; None where they are not known, disabled, or the password is another.

        Raises:
            RateLimited: too many passwords were tried for this account or from this address.
            ServiceUnavailable: the tries cannot be counted.
        """
        if not username or password is None:
            return None
        user = _find(username)
        account = username if user is None else f"#{user.pk}"  # however its user is called
        count_attempt(account, client_address(request) if request is not None else "")
        if user is None:
            User().set_password(password)  # the work that checking one takes
            return None
        matches = user.check_password(password)
        return user if matches and self.user_can_authenticate(user) else None


def _find(name: str) -> User | None:
    """The user of this name or, where none has it, the only one with this address."""
    rows = list(
        User.objects.alias(address=Lower("email"))
        .filter(Q(username=name) | Q(address=Lower(Value(name))))
        .order_by()[:3]
    )
    named = [row for row in rows if row.username == name]
    found = named or rows
    return found[0] if len(found) == 1 else None
