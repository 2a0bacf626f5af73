"""Bitbucket's filter language (`q=name ~ "cart" AND ...`), as far as names need it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TERM = re.compile(
    r'\s*(?P<field>[a-z_.]+)\s*(?P<operator>=|!=|~|!~)\s*"(?P<text>(?:[^"\\]|\\.)*)"\s*'
)
_JOINT = re.compile(r"(?P<word>AND|OR)\b", re.IGNORECASE)


def matcher(query: str, fields: Sequence[str]) -> Callable[[Mapping[str, str]], bool]:
    """Whether an object, given by its text fields, fits the query; AND binds closer than OR.

    Raises `ApiError` 400 for what is no query, or names a field that is not in `fields`.
    """
    if not query.strip():
        return lambda _item: True
    groups: list[list[Callable[[Mapping[str, str]], bool]]] = [[]]
    at = 0
    while True:
        term = _TERM.match(query, at)
        if term is None or term["field"] not in fields:
            raise ApiError(400, "Invalid query")
        groups[-1].append(_test(term["field"], term["operator"], term["text"]))
        at = term.end()
        if at == len(query):
            return lambda item: any(all(test(item) for test in group) for group in groups)
        joint = _JOINT.match(query, at)
        if joint is None:
            raise ApiError(400, "Invalid query")
        if joint["word"].upper() == "OR":
            groups.append([])
        at = joint.end()


def _test(field: str, operator: str, raw: str) -> Callable[[Mapping[str, str]], bool]:
    text = re.sub(r"\\(.)", r"\1", raw)
    if operator.endswith("~"):
        wanted = text.lower()
        return lambda item: (wanted in item[field].lower()) is (operator == "~")
    return lambda item: (item[field] == text) is (operator == "=")
