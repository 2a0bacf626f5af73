"""Reads the project's pages for the tests beside it."""

import re
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


@cache
def text(name: str) -> str:
    """The page's text, by its path from the top."""
    return (TOP / name).read_text(encoding="utf-8")


def pages() -> list[str]:
    """Every page of the project, by its path from the top."""
    found = [*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("packages/*/*.md")]
    return sorted(str(page.relative_to(TOP)) for page in found)


def section(page: str, heading: str) -> str:
    """What stands under a heading, to the next one of the same or a higher rank."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,}} |\Z)", text(page), re.DOTALL | re.MULTILINE
    )
    return found.group(2) if found else ""


def named(page: str) -> set[str]:
    """Everything that the page names in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text(page)))


def block(page: str, mark: str) -> str:
    """The fenced block that follows the comment ``<!-- mark -->``."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", text(page), re.DOTALL)
    assert found, f"{page} has no block marked {mark!r}"
    return found.group(1)
