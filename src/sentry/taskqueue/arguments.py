"""The arguments of a call as the JSON text that its row holds."""

import json
from collections.abc import Mapping, Sequence

from sentry.taskqueue.errors import TaskArgumentsError

MAX_BYTES = 65_536


def encode(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """The text of a call.

    Raises:
        TaskArgumentsError: a value is not JSON (null, booleans, numbers, strings, lists, and dicts
            with strings as keys), or the text has more than 64 KiB.
    """
    _check("args", list(args))
    _check("kwargs", dict(kwargs))
    try:
        text = json.dumps({"args": list(args), "kwargs": dict(kwargs)}, allow_nan=False)
    except ValueError as error:
        raise TaskArgumentsError("a task's arguments hold no NaN, infinity or cycle") from error
    if len(text) > MAX_BYTES:
        raise TaskArgumentsError(
            f"a task's arguments have at most {MAX_BYTES} bytes of JSON, these have {len(text)}:"
            " store the data in a row and pass its id"
        )
    return text


def decode(text: str) -> tuple[list[object], dict[str, object]]:
    """Positional and keyword arguments of a stored call."""
    call = json.loads(text)
    return call["args"], call["kwargs"]


def _check(where: str, value: object, depth: int = 0) -> None:
    if value is None or isinstance(value, bool | int | float | str):
        return
    if isinstance(value, list) and depth < _DEPTH:
        for index, each in enumerate(value):
            _check(f"{where}[{index}]", each, depth + 1)
    elif isinstance(value, dict) and depth < _DEPTH and all(isinstance(key, str) for key in value):
        for key, each in value.items():
            _check(f"{where}[{key!r}]", each, depth + 1)
    else:
        raise TaskArgumentsError(
            f"{where} is {type(value).__name__}: a task takes JSON values alone"
            " (null, booleans, numbers, strings, lists, dicts with strings as keys)"
        )


_DEPTH = 32
