"""Reads what the server answers: as GitHub's answers, but for whose accounts it tells of. Pure."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from sentry.integrations.source_code_management.types import AuthorInfo

_GITHUB = "github:"
_OWN = "github_enterprise:"


def with_own_accounts[T](value: T) -> T:
    """The value with every author's account named as one of this server, not of github.com.

    Looks into lists, tuples and the domain's dataclasses; all else stays as it is.
    """
    return cast("T", _renamed(value))


def _renamed(value: Any) -> Any:
    if isinstance(value, AuthorInfo):
        account = value.external_id
        if not account.startswith(_GITHUB):
            return value
        return replace(value, external_id=_OWN + account.removeprefix(_GITHUB))
    if isinstance(value, list | tuple):
        return type(value)(_renamed(item) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    inner = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    changed = {name: _renamed(item) for name, item in inner.items()}
    same = all(changed[name] is item for name, item in inner.items())
    return value if same else replace(value, **changed)
