"""``docs/map.md`` names every room of the house, and none that is not there."""

import re
from pathlib import Path

from tests.docs import pages

SRC = pages.TOP / "src"


def rooms(folder: Path, relative_to: Path) -> set[str]:
    """The folders of Python code directly in a folder, as ``name/`` from ``relative_to``."""
    return {
        f"{each.relative_to(relative_to)}/"
        for each in folder.iterdir()
        if each.is_dir() and not each.name.startswith(("_", ".")) and any(each.rglob("*.py"))
    }


def mapped() -> set[str]:
    """Every folder in the first column of the page's tables."""
    cells = re.findall(r"^\| (`[^|]+`) \|", pages.text("docs/map.md"), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_folder_of_the_platform_is_on_the_map() -> None:
    wanted = rooms(SRC / "sentry", SRC) | rooms(SRC / "sentry/integrations", SRC / "sentry")
    assert wanted - mapped() == set()


def test_every_package_is_on_the_map() -> None:
    assert rooms(pages.TOP / "packages", pages.TOP) - mapped() == set()


def holds_files(folder: Path) -> bool:
    """Whether the folder holds a file of ours: empty ones and caches do not count."""
    return any(each.is_file() and each.suffix != ".pyc" for each in folder.rglob("*"))


def test_the_map_shows_no_folder_that_is_not_there() -> None:
    roots = (pages.TOP, SRC, SRC / "sentry")
    gone = [name for name in mapped() if not any(holds_files(root / name) for root in roots)]
    assert gone == []
