"""The part of the host's query language (WIQL) that asks for flat lists of work items.

`SELECT fields FROM WorkItems WHERE condition ORDER BY fields`, where a condition joins comparisons
by AND, OR and parentheses. After "Syntax for the Work Item Query Language".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, str]
Condition: TypeAlias = Callable[[Fields], bool]

_TOKEN = re.compile(
    r"\s*(?:\[(?P<field>[\w.]+)\]|'(?P<text>(?:[^']|'')*)'|(?P<macro>@\w+)"
    r"|(?P<word>[A-Za-z]+)|(?P<sign>>=|<=|<>|[=<>(),]))"
)
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda value, other: value.lower() == other.lower(),
    "<>": lambda value, other: value.lower() != other.lower(),
    ">=": lambda value, other: _rank(value) >= _rank(other),
    "<=": lambda value, other: _rank(value) <= _rank(other),
    ">": lambda value, other: _rank(value) > _rank(other),
    "<": lambda value, other: _rank(value) < _rank(other),
    "CONTAINS": lambda value, other: other.lower() in value.lower(),
    "CONTAINS WORDS": lambda value, other: (
        other.lower() in re.findall(r"\w+", value.lower()) or other.lower() in value.lower()
    ),
}


def _rank(text: str) -> tuple[float, str]:
    """Times compare as such, all else as text."""
    try:
        return datetime.fromisoformat(text).timestamp(), ""
    except ValueError:
        return 0.0, text


class WiqlError(Exception):
    """The text is no query that is understood here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query: what to select, and how to order it: (field, whether it falls)."""

    condition: Condition
    order: tuple[tuple[str, bool], ...]


def parse(text: str, macros: Mapping[str, str]) -> Query:
    """A query; `macros` are what `@project` and its like stand for. Raises `WiqlError`."""
    return _Parser(text, macros).query()


class _Parser:
    def __init__(self, text: str, macros: Mapping[str, str]) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._macros = macros
        at, text = 0, text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise WiqlError(f"at position {at}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def query(self) -> Query:
        self._keyword("SELECT")
        self._field()
        while self._takes(("sign", ",")):
            self._field()
        self._keyword("FROM")
        self._keyword("WORKITEMS")
        self._keyword("WHERE")
        condition = self._either()
        order = self._order() if self._takes_keyword("ORDER") else ()
        if self._at != len(self._tokens):
            raise WiqlError("text after the end")
        return Query(condition=condition, order=order)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._keyword("BY")
        found = []
        while True:
            name = self._field()
            falls = self._takes_keyword("DESC")
            if not falls:
                self._takes_keyword("ASC")
            found.append((name, falls))
            if not self._takes(("sign", ",")):
                return tuple(found)

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._takes_keyword("OR"):
            parts.append(self._both())
        return lambda fields: any(part(fields) for part in parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._takes_keyword("AND"):
            parts.append(self._one())
        return lambda fields: all(part(fields) for part in parts)

    def _one(self) -> Condition:
        if self._takes(("sign", "(")):
            inner = self._either()
            if not self._takes(("sign", ")")):
                raise WiqlError("a parenthesis is not closed")
            return inner
        name, compare, value = self._field(), self._comparison(), self._value()
        return lambda fields: compare(fields.get(name, ""), value)

    def _comparison(self) -> Callable[[str, str], bool]:
        kind, sign = self._next()
        if kind == "word" and sign.upper() == "CONTAINS":
            sign = "CONTAINS WORDS" if self._takes_keyword("WORDS") else "CONTAINS"
        if sign not in _COMPARISONS:
            raise WiqlError(f"{sign} is no comparison")
        return _COMPARISONS[sign]

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "macro" and text.lower() in self._macros:
            return self._macros[text.lower()]
        if kind != "text":
            raise WiqlError(f"{text} is no value")
        return text.replace("''", "'")

    def _field(self) -> str:
        kind, name = self._next()
        if kind != "field":
            raise WiqlError(f"{name} is no field")
        return name

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise WiqlError("the query ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, token: tuple[str, str]) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _takes_keyword(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "word" and text.upper() == word:
                self._at += 1
                return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._takes_keyword(word):
            raise WiqlError(f"{word} is missing")
