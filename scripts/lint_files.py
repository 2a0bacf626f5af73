"""Looks for what no committed file may hold. Prints each place; exit status 1 where there is one.

Rules: a lock file names no address; no file names a path of somebody's machine or the address of
a built package; no Python file of ours is longer than 500 lines.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LOCK_FILES = re.compile(r"(^|/)(requirements/[^/]+\.txt|package-lock\.json)$")
ADDRESS = re.compile(r"://|\"resolved\"|--(extra-)?index-url|--find-links")
MACHINE_PATH = re.compile(r"(?<![\w.~%{}$-])/(?:root|work|farm|home/[\w.-]+|Users/[\w.-]+)/")
BUILT_PACKAGE = re.compile(r"https?://[^\s\"']+\.(?:whl|tar\.gz|tgz)\b")
GENERATED = re.compile(r"_pb2\.pyi?$|_connect\.py$|/migrations/")
LONGEST = 500


def committed_files() -> list[str]:
    """Every file that git tracks or would track, as a path from the top."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    )
    names = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
    return sorted({name for name in names if name and Path(name).is_file()})


def text_of(name: str) -> str:
    """The file's text; empty for one that is not UTF-8."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def line_faults(name: str, text: str) -> Iterator[tuple[int, str]]:
    """The (line number, fault) pairs of a file."""
    is_lock = LOCK_FILES.search(name) is not None
    for number, line in enumerate(text.splitlines(), start=1):
        if is_lock and ADDRESS.search(line):
            yield number, "a lock file names an address"
        if MACHINE_PATH.search(line):
            yield number, "a path of somebody's machine"
        if BUILT_PACKAGE.search(line):
            yield number, "the address of a built package"


def faults(name: str) -> Iterator[str]:
    """What is wrong with a file, one ``path:line: text`` each."""
    text = text_of(name)
    for number, fault in line_faults(name, text):
        yield f"{name}:{number}: {fault}"
    length = text.count("\n")
    if name.endswith(".py") and not GENERATED.search(name) and length > LONGEST:
        yield f"{name}:{length}: longer than {LONGEST} lines; which second thing moved in?"


def main() -> int:
    """Checks the checkout that holds the current directory."""
    found = [fault for name in committed_files() for fault in faults(name)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
