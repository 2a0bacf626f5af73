"""Which names are taken; doors' own tests ask for the messages."""

import pytest

from sentry.actions.credentials import check_label
from sentry.actions.validation import check_name
from sentry.integrations.source_code_management.errors import InvalidArgument

CONTROLS = ["\0", "\n", "\x1b[31m", "\x7f", "\x85", "\ud800", "\u061c", "\u200e", "\u200f",
            *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]  # fmt: skip


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_no_name_and_no_label_holds_controls(control: str) -> None:
    for check in (check_name, check_label):
        with pytest.raises(InvalidArgument):
            check("name", f"a{control}b", limit=64)


@pytest.mark.parametrize(
    "name", ["שלום עולם", "مرحبا", "Zoë", "नमस्ते", "क्\u200dष", "👩\u200d💻", "株式会社"]
)
def test_names_of_every_script_are_taken(name: str) -> None:
    assert check_name("name", f" {name} ", limit=64) == name
    assert check_label("label", name, limit=64) == name
