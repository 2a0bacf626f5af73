"""Scopes: what a credential allows.

``x:admin`` includes ``x:write``, which includes ``x:read``. ``org:*`` does not include
``repository:*``.
"""

from collections.abc import Iterable

_LADDERS = ("org", "project", "event", "team", "member", "repository")
_SINGLE = frozenset({"org:integrations", "org:ci", "project:releases"})

ALL_SCOPES: frozenset[str] = _SINGLE | {
    f"{noun}:{verb}" for noun in _LADDERS for verb in ("read", "write", "admin")
}

_INCLUDES = {"admin": ("write", "read"), "write": ("read",)}


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes and all that they include."""
    held = set(scopes)
    for scope in tuple(held):
        noun, _, verb = scope.partition(":")
        held.update(f"{noun}:{lower}" for lower in _INCLUDES.get(verb, ()))
    return frozenset(held)


def outermost(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted, without those that another one of them includes."""
    all_of_them = set(scopes)
    included = {inner for scope in all_of_them for inner in expand([scope]) - {scope}}
    return sorted(all_of_them - included)


def validate_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted and without repetition.

    Raises:
        ValueError: names the scopes that do not exist.
    """
    wanted = set(scopes)
    unknown = sorted(wanted - ALL_SCOPES)
    if unknown:
        known = ", ".join(sorted(ALL_SCOPES))
        raise ValueError(f"unknown scope: {', '.join(unknown)}; known are {known}")
    return sorted(wanted)
