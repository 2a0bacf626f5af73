"""Tries a recipe of a page, word for word, in a copy of the platform."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.docs import pages
from tests.live import PATIENCE

# Ends a block that shows how a list of the platform begins.
REST = "    # … and what is there\n"


def block(page: str, mark: str) -> str:
    """The fenced block after a mark, which stands inside a list."""
    found = re.search(
        rf"^ *<!-- {re.escape(mark)} -->\n *```python\n(.*?)^ *```$",
        pages.text(page), re.DOTALL | re.MULTILINE,
    )  # fmt: skip
    assert found, f"{page} has no block marked {mark!r}"
    return textwrap.dedent(found.group(1))


def copy_platform(top: Path) -> Path:
    """Copies the platform's code and the configuration of its tools; gives the folder."""
    keep_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(pages.TOP / "src/sentry", top / "src/sentry", ignore=keep_out)
    shutil.copy(pages.TOP / "pyproject.toml", top)
    return top


def add_files(top: Path, files: dict[str, str]) -> None:
    """Writes new files; none of them may be there."""
    for name, text in files.items():
        target = top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)


def extend(file: Path, *, beginning: str) -> None:
    """Puts what a block adds to the beginning of a list into the file that has the list."""
    opening, _, added = beginning.removesuffix(REST).partition("\n")
    text = file.read_text(encoding="utf-8")
    assert beginning.endswith(REST)
    assert text.count(f"{opening}\n") == 1, f"{file} has not one line {opening!r}"
    file.write_text(text.replace(f"{opening}\n", f"{opening}\n{added}"), encoding="utf-8")


def insert_import(file: Path, *, line: str) -> None:
    """Puts an import of a whole line before the first one that follows it by name."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(
        number
        for number, each in enumerate(lines)
        if each.startswith("from sentry.") and each.split()[1] > line.split()[1]
    )
    file.write_text("".join([*lines[:place], line, *lines[place:]]), encoding="utf-8")


def run(top: Path, *command: str) -> str:
    """Runs a module or a script of Python on the copy; gives what it printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "SENTRY_HOME": str(top / "home"),
        "PYTHONPATH": str(top / "src"),
    }
    done = subprocess.run(
        [sys.executable, *command],
        cwd=top, env=environment, capture_output=True, text=True, timeout=PATIENCE * 2, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_style(top: Path) -> None:
    """Fails where ``make lint`` would find something in the copy."""
    run(top, "-m", "ruff", "check", "--no-cache", "src", "tests")
    run(top, "-m", "ruff", "format", "--no-cache", "--check", "src", "tests")


def run_tests(top: Path, file: str) -> str:
    """Runs a file of tests in the copy; gives what pytest printed."""
    return run(top, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", file)
