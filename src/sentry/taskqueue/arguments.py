"""The arguments of a call as the JSON text that its row holds."""

import json
import math
from collections.abc import Mapping, Sequence

from sentry.taskqueue.errors import TaskArgumentsError, UnreadableArgumentsError

MAX_BYTES = 65_536
_DEPTH = 32
# Python reads and writes no longer integer as text.
_DIGITS = 4300
_TOO_LARGE = 10**_DIGITS


def encode(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """The text of a call.

    Raises:
        TaskArgumentsError: a value is not JSON (null, booleans, finite numbers, strings, lists, and
            dicts with strings as keys), nested too deep or an integer too long, or the text has
            more than 64 KiB.
    """
    _check("args", list(args))
    _check("kwargs", dict(kwargs))
    text = json.dumps({"args": list(args), "kwargs": dict(kwargs)}, allow_nan=False)
    if len(text) > MAX_BYTES:
        raise TaskArgumentsError(
            f"a task's arguments have at most {MAX_BYTES} bytes of JSON, these have {len(text)}:"
            " store the data in a row and pass its id"
        )
    return text


def decode(text: str) -> tuple[list[object], dict[str, object]]:
    """Positional and keyword arguments of a stored call.

    Raises:
        UnreadableArgumentsError: the text is no call.
    """
    try:
        call = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableArgumentsError("the arguments of the record are no JSON") from error
    match call:
        case {"args": list(args), "kwargs": dict(kwargs)}:
            return args, kwargs
    raise UnreadableArgumentsError("the arguments of the record have no args and kwargs")


def _check(where: str, value: object, depth: int = 0) -> None:
    fault = _fault(value, depth)
    if fault:
        raise TaskArgumentsError(f"{where} is {fault}")
    if isinstance(value, list):
        for index, each in enumerate(value):
            _check(f"{where}[{index}]", each, depth + 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            _check(f"{where}[{key!r}]", each, depth + 1)


def _fault(value: object, depth: int) -> str:
    """What is wrong with a value, apart from what it contains; empty where nothing is."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}: JSON has no NaN and no infinity"
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        return f"an integer of more than {_DIGITS} digits: pass it as a string"
    if isinstance(value, list | dict) and depth > _DEPTH:
        return f"nested more than {_DEPTH} deep, or contains itself"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return ""
    if value is None or isinstance(value, bool | int | float | str | list):
        return ""
    return (
        f"{type(value).__name__}: a task takes JSON values alone"
        " (null, booleans, numbers, strings, lists, dicts with strings as keys)"
    )
