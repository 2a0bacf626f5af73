"""Users: people who sign in."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower

from sentry import models
from sentry.actions.validation import check_name
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
)

_USERNAME_LIMIT = 150
ADDRESS_LIMIT = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person. What they may do in an organization is their membership's role."""

    id: int
    username: str
    email: str
    is_staff: bool
    is_superuser: bool


def user_value(row: models.User) -> User:
    """The row as a value."""
    return User(
        id=row.id,
        username=row.username,
        email=row.email,
        is_staff=row.is_staff,
        is_superuser=row.is_superuser,
    )


def check_email(email: str) -> str:
    """The address in lower case, without surrounding white space.

    Raises:
        InvalidArgument: it is no address.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidArgument("email", "must be an e-mail address") from None
    return address


def _check_password(password: str, row: models.User) -> None:
    try:
        validate_password(password, row)
    except ValidationError as error:
        raise InvalidArgument("password", " ".join(error.messages)) from None


def create_user(
    *,
    email: str,
    password: str,
    username: str | None = None,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """Makes a user; without a user name, it is the address. A superuser is staff too.

    Raises:
        InvalidArgument: the address, the name or the password is not acceptable.
        AlreadyExists: the user name is taken, or is another user's address, or the address is
            another user's name; upper and lower case are the same.
    """
    address = check_email(email)
    name = check_name("username", username or address, limit=_USERNAME_LIMIT)
    _check_identity(name, address)
    row = models.User(
        username=name,
        email=address,
        is_staff=is_staff or is_superuser,
        is_superuser=is_superuser,
    )
    _check_password(password, row)
    row.set_password(password)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise AlreadyExists(f"user {name}") from None
    return user_value(row)


def _check_identity(name: str, address: str) -> None:
    """Refuses a name or an address by which people would mean somebody else."""
    named = models.User.objects.alias(lower=Lower("username"))
    addressed = models.User.objects.alias(lower=Lower("email"))
    lower = Lower(Value(name))
    if named.filter(lower=lower).exists() or addressed.filter(lower=lower).exists():
        raise AlreadyExists(f"user {name}")
    if named.filter(lower=Lower(Value(address))).exists():
        raise AlreadyExists(f"a user called {address}")


def get_user(name: str) -> User:
    """The user with this user name or, where none has it, with this address.

    Raises:
        NotFound: there is none.
        InvalidArgument: several users have this address.
    """
    row = models.User.objects.filter(username=name).first()
    if row is not None:
        return user_value(row)
    address = models.User.objects.alias(address=Lower("email"))
    rows = list(address.filter(address=Lower(Value(name)))[:2])
    if not rows:
        raise NotFound(f"user {name!r}")
    if len(rows) > 1:
        raise InvalidArgument("user", "several users have this address: give the user name")
    return user_value(rows[0])


def users_by_id(user_ids: Iterable[int]) -> dict[int, User]:
    """The users with these ids, by id; one query."""
    return {row.pk: user_value(row) for row in models.User.objects.filter(id__in=list(user_ids))}
