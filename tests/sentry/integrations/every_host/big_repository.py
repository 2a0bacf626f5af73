"""A repository of 2,000 commits and more, the same bytes at every run, or a clone of ``REPO``."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PEOPLE = (
    ("Ada Lovelace", "ada@example.com"),
    ("Åsa Öberg", "asa@example.com"),
    ("李 明", "li.ming@example.com"),
)
_LINES = 40
COMMITS = 2050


@dataclass(frozen=True)
class BlamedLine:
    """A line as ``git blame`` tells it; ``raw`` is its text as bytes."""

    sha: str
    number: int
    raw: bytes


@dataclass(frozen=True)
class Git:
    """Asks one repository, without anybody's configuration."""

    path: Path

    def raw(self, *arguments: str, stdin: bytes = b"") -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        done = subprocess.run(
            ["git", "-C", str(self.path), "-c", "core.quotePath=false", *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=environment,
        )
        return done.stdout

    def __call__(self, *arguments: str) -> str:
        return self.raw(*arguments).decode("utf-8", "replace")

    def blame(self, path: str, revision: str = "HEAD") -> list[BlamedLine]:
        rows, header = [], b""
        for line in self.raw("blame", "--line-porcelain", revision, "--", path).split(b"\n"):
            if line.startswith(b"\t"):
                sha, _, number, *_ = header.split(b" ")
                rows.append(BlamedLine(sha.decode(), int(number), line[1:]))
                header = b""
            elif not header:
                header = line
        return rows


def build(path: Path) -> Git:
    """Builds the repository, or clones the one that ``REPO`` names."""
    given = os.environ.get("REPO")
    if given:
        Git(path.parent)("clone", "-q", "--bare", "--no-hardlinks", given, str(path))
        return Git(path)
    path.mkdir()
    git = Git(path)
    git("init", "-q", "--bare", "-b", "main")
    git.raw("fast-import", "--quiet", stdin=b"".join(_stream()))
    return git


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _stream() -> Iterator[bytes]:
    """The whole history as fast-import takes it: a main line with a side branch every 100 commits."""
    lines = [f"line {number} = 0".encode() for number in range(1, _LINES + 1)]
    path = b"src/gr\xc3\xb6\xc3\x9fe.py"
    for number in range(1, COMMITS + 1):
        changes = []
        lines[number % _LINES] = f"line {number % _LINES + 1} = {number}  # ✓".encode()
        changes.append(b"M 100644 inline %b\n" % path + _data(b"\n".join(lines) + b"\n"))
        if number == 1:
            changes += list(_odd_files())
        if number % 700 == 0:
            moved = b"src/moved_%d.py" % number
            changes.append(b"D %b\n" % path)
            changes[0] = b"M 100644 inline %b\n" % moved + _data(b"\n".join(lines) + b"\n")
            path = moved
        if number % 50 == 0:
            text = f"module {number}\r\nsecond\r\n".encode()
            changes.append(b"M 100644 inline pkg/m%04d.txt\n" % number + _data(text))
        yield _commit(number, changes)
        if number % 100 == 0:
            yield from _side_branch(number)


def _odd_files() -> Iterator[bytes]:
    files = {
        "README.md": b"# shop\n\nWords to find: zwischenfall\n",
        "crlf.txt": b"a\r\nb\r\nc\r\n",
        "logo.png": b"\x89PNG\r\n\x1a\n\0\1\2\3" * 9,
        "docs/a b#%2e.md": "zwölf\nno end".encode(),
        "docs/\U0001f600.md": b"smile\n",
        "empty.txt": b"",
    }
    for name, content in files.items():
        yield b"M 100644 inline %b\n" % name.encode() + _data(content)


def _head(number: int, mark: bytes, branch: bytes) -> bytes:
    name, email = PEOPLE[number % len(PEOPLE)]
    who = f"{name} <{email}> {1_600_000_000 + 3600 * number} +0200".encode()
    message = f"Change {number}\n\nWhy: ünïcode {number}.\n".encode()
    return (
        b"commit refs/heads/%b\nmark %b\nauthor %b\ncommitter %b\n" % (branch, mark, who, who)
    ) + _data(message)


def _commit(number: int, changes: list[bytes]) -> bytes:
    parent = b"" if number == 1 else b"from :%d\n" % (_tip(number - 1))
    return _head(number, b":%d" % number, b"main") + parent + b"".join(changes)


def _tip(number: int) -> int:
    """The mark of what the main line was after a commit: every hundredth is followed by a merge."""
    return number + 200_000 if number and number % 100 == 0 else number


def _side_branch(number: int) -> Iterator[bytes]:
    side = b"M 100644 inline side/s%04d.txt\n" % number + _data(b"side\n")
    yield _head(number, b":%d" % (number + 100_000), b"side") + b"from :%d\n" % number + side
    yield (
        _head(number, b":%d" % (number + 200_000), b"main")
        + b"from :%d\nmerge :%d\n" % (number, number + 100_000)
        + side
    )
