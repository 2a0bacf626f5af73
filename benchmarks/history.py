"""The history that blames are measured on: a bare repository of 20,000 commits, always the same.

One file of 1,500 lines changes in every tenth commit and is renamed twice; 400 small ones share the
rest; every 500th commit is a merge. Made once by ``git fast-import``, and not timed.
"""

import hashlib
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

COMMITS = 20_000
PATH = "src/core/engine.py"
LINES = 1_500
_FORMER = {0: "engine.py", COMMITS // 3: "src/engine.py", 2 * COMMITS // 3: PATH}
_SMALL_FILES, _SMALL_LINES = 400, 40
_EPOCH = 1_500_000_000
_PEOPLE = tuple(f"Author {number} <author{number}@example.com>" for number in range(40))


def repository(folder: Path) -> Path:
    """The repository inside the folder, made now if it is not there."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    target = folder / f"history-{version}.git"
    if not target.exists():
        print(f"making a history of {COMMITS:,} commits, once", file=sys.stderr)
        unfinished = folder / "history.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make(unfinished)
        unfinished.rename(target)
    return target


def head(git_dir: Path) -> str:
    """The full id of the newest commit."""
    return git(git_dir, "rev-parse", "main").decode().strip()


def git(git_dir: Path, *arguments: str) -> bytes:
    """Runs git on a repository; what it printed."""
    command = ["git", "--git-dir", str(git_dir), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _make(folder: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(folder)], check=True)
    command = ["git", "--git-dir", str(folder), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importer:
        assert importer.stdin is not None
        for part in _stream():
            importer.stdin.write(part)
        importer.stdin.close()
        assert importer.wait() == 0
    git(folder, "repack", "-a", "-d", "-f", "--quiet")
    git(folder, "pack-refs", "--all")
    # As a mirror has it: git's own blame is measured at its best, too.
    git(folder, "commit-graph", "write", "--reachable", "--changed-paths")


def _stream() -> Iterator[bytes]:
    """The history as git-fast-import(1) reads it."""
    chooser = random.Random(1)
    engine = [_line(chooser) for _ in range(LINES)]
    small = {
        number: [_line(chooser) for _ in range(_SMALL_LINES)] for number in range(_SMALL_FILES)
    }
    path = ""
    for number in range(COMMITS):
        changes: list[bytes] = []
        if number in _FORMER:
            changes += [f"R {path} {_FORMER[number]}\n".encode()] if path else []
            path = _FORMER[number]
        if number % 10 == 0:
            engine[chooser.randrange(LINES)] = _line(chooser)
            changes.append(_file(path, engine))
        else:
            chosen = chooser.randrange(_SMALL_FILES)
            small[chosen][chooser.randrange(_SMALL_LINES)] = _line(chooser)
            changes.append(_file(f"src/part{chosen % 20}/file{chosen}.py", small[chosen]))
        yield from _commit(number, chooser.choice(_PEOPLE), changes)


def _commit(number: int, author: str, changes: list[bytes]) -> Iterator[bytes]:
    when = f"{author} {_EPOCH + 600 * number} +0000"
    message = f"Change {number}\n\nWith a body of one line.\n".encode()
    yield f"commit refs/heads/main\nmark :{number + 1}\nauthor {when}\ncommitter {when}\n".encode()
    yield b"data %d\n%s" % (len(message), message)
    if number and number % 500 == 0:
        yield b"from :%d\nmerge :%d\n" % (number, number - 200)
    yield from changes
    yield b"\n"


def _file(path: str, lines: list[str]) -> bytes:
    content = "".join(lines).encode()
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


def _line(chooser: random.Random) -> str:
    return f"value_{chooser.randrange(10**6)} = compute({chooser.random():.12f})\n"
