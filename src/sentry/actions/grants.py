"""Nobody hands out more than they hold: scopes of new credentials, roles of members."""

from collections.abc import Iterable

from sentry.auth.caller import Caller
from sentry.auth.roles import Role, scopes_of
from sentry.auth.scopes import expand, outermost, validate_scopes
from sentry.integrations.source_code_management.errors import InvalidArgument, PermissionDenied


def check_scopes(caller: Caller, scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted, if the caller holds every one.

    Raises:
        InvalidArgument: one is unknown.
        PermissionDenied: the caller lacks one.
    """
    try:
        wanted = validate_scopes(scopes)
    except ValueError as error:
        raise InvalidArgument("scopes", str(error)) from None
    _check(caller, expand(wanted))
    return wanted


def check_role(caller: Caller, role: Role) -> None:
    """Lets a caller give a role, or act on a member who has it.

    Raises:
        PermissionDenied: the role is above the caller's own: it has a scope that they lack.
    """
    _check(caller, scopes_of(role))


def _check(caller: Caller, scopes: frozenset[str]) -> None:
    missing = outermost(scopes - caller.scopes)
    if missing:
        raise PermissionDenied(" and ".join(missing))
