"""Plans of the statements that code sends, and what is wrong with them.

A plan is wrong where it reads a table of the platform without an index, or sorts more rows than a
page has. The rows that a trigram search found are no table of the platform: they may be sorted.
Sources: "EXPLAIN QUERY PLAN" in SQLite's documentation, "EXPLAIN" in PostgreSQL's.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

# The largest page, and the row that tells whether another follows.
MOST_SORTED = 1001
_LIMIT = re.compile(r"\sLIMIT \d+(?: OFFSET \d+)?\s*$")
_EXPLAINED = ("SELECT", "UPDATE", "DELETE")
# On SQLite the name stands in a table of its own; on PostgreSQL gin_trgm_ops answers LIKE.
_SEARCHES = ("sentry_repository_search", 'UPPER("sentry_repository"."name"::text) LIKE')


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement that was sent, with its plan and what is wrong with it."""

    sql: str
    plan: str
    faults: tuple[str, ...]


@contextmanager
def explained() -> Iterator[list[Statement]]:
    """Explains every statement in the block just before it is sent."""
    found: list[Statement] = []
    with connection.execute_wrapper(_Explainer(found)):
        yield found


class _Explainer:
    def __init__(self, found: list[Statement]) -> None:
        self._found = found
        self._check = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith(_EXPLAINED) and not many:
            # the cursor below Django's: these statements are none of the block's
            ask = _Ask(context["cursor"].cursor, sql, params)
            plan, faults = self._check(ask)
            self._found.append(Statement(sql=sql, plan=plan, faults=tuple(faults)))
        elif sql.startswith("INSERT"):
            self._found.append(Statement(sql=sql, plan="", faults=()))
        return execute(sql, params, many, context)


class _Ask:
    """Questions about one statement."""

    def __init__(self, cursor: Any, sql: str, params: Any) -> None:
        self.sql = sql
        self._cursor = cursor
        self._params = params

    def rows(self, prefix: str) -> list[Any]:
        return self._run(f"{prefix} {self.sql}")

    def matching(self) -> int:
        """How many rows the filter matches: the statement's without its LIMIT."""
        whole = _LIMIT.sub("", self.sql)
        count = f"SELECT COUNT(*) FROM ({whole}) AS matching"  # noqa: S608 - Django's own statement
        return int(self._run(count)[0][0])

    def sort_fault(self, sorted_rows: int, matching: int) -> str | None:
        """Why these many rows should not be sorted; None where they may be."""
        if sorted_rows > matching:
            return f"sorts {sorted_rows} rows where the filter matches {matching}"
        if sorted_rows > MOST_SORTED and not any(mark in self.sql for mark in _SEARCHES):
            return f"sorts {sorted_rows} rows that an index could give in order"
        return None

    def _run(self, sql: str) -> list[Any]:
        self._cursor.execute(sql, self._params)
        return list(self._cursor.fetchall())


def _check_sqlite(ask: _Ask) -> tuple[str, list[str]]:
    details = [str(row[3]) for row in ask.rows("EXPLAIN QUERY PLAN")]
    faults = [
        f"reads without an index: {detail}"
        for detail in details
        if (detail.startswith("SCAN ") and not _is_fine_scan(detail)) or "AUTOMATIC" in detail
    ]
    if any(detail.startswith("USE TEMP B-TREE") for detail in details):
        matching = ask.matching()
        fault = ask.sort_fault(matching, matching)
        faults += [fault] if fault else []
    return "; ".join(details), faults


def _is_fine_scan(detail: str) -> bool:
    return any(
        mark in detail for mark in (" USING ", "VIRTUAL TABLE INDEX", "CONSTANT ROW", "SCAN (sub")
    )


def _check_postgresql(ask: _Ask) -> tuple[str, list[str]]:
    # ANALYZE runs the statement: only a read may be run twice
    is_read = ask.sql.startswith("SELECT") and "FOR UPDATE" not in ask.sql
    (answer,) = ask.rows(f"EXPLAIN (FORMAT JSON{', ANALYZE, TIMING OFF' if is_read else ''})")[0]
    document = json.loads(answer) if isinstance(answer, str) else answer
    nodes = list(_nodes(document[0]["Plan"]))
    faults = [
        f"reads without an index: {node['Relation Name']}"
        for node in nodes
        if node["Node Type"] == "Seq Scan"
    ]
    sorts = [node for node in nodes if node["Node Type"] == "Sort"]
    if sorts and is_read:
        matching = ask.matching()
        found = [ask.sort_fault(_rows_into(node), matching) for node in sorts]
        faults += [fault for fault in found if fault]
    return "; ".join(_name(node) for node in nodes), faults


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _rows_into(node: dict[str, Any]) -> int:
    return max(int(part["Actual Rows"] * part["Actual Loops"]) for part in node["Plans"])


def _name(node: dict[str, Any]) -> str:
    target = node.get("Index Name") or node.get("Relation Name")
    return f"{node['Node Type']} {target}" if target else str(node["Node Type"])


type _Check = Callable[[_Ask], tuple[str, list[str]]]
_SQLITE: _Check = _check_sqlite
_POSTGRESQL: _Check = _check_postgresql
