"""What commands print: text for people, JSON for programs."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def _plain(value: object) -> object:
    """A value as JSON knows it: times in ISO 8601 with their zone."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value)


def as_data(value: "DataclassInstance") -> dict[str, object]:
    """A frozen dataclass as a dict."""
    return dataclasses.asdict(value)


def show_json(data: object) -> None:
    """Prints JSON, indented, in ASCII, so that any terminal and pipe takes it."""
    click.echo(json.dumps(data, default=_plain, indent=2))


def show_created(value: "DataclassInstance", text: str, *, as_json: bool) -> None:
    """Prints what was made: the value as JSON, or the text."""
    if as_json:
        show_json(as_data(value))
    else:
        click.echo(text)


def show_list(
    values: "Iterable[DataclassInstance]", columns: Sequence[str], *, as_json: bool
) -> None:
    """Prints values: a JSON array of all their fields, or a table of the named columns."""
    rows = [as_data(value) for value in values]
    if as_json:
        show_json(rows)
        return
    table = [[_cell(row[column]) for column in columns] for row in rows]
    for line in align([[column.replace("_", " ") for column in columns], *table]):
        click.echo(line)


def align(table: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines whose columns stand below one another."""
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def plain_text(value: object) -> str:
    """An option's value as its own command takes it: JSON's numbers and booleans, commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)
