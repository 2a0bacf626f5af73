"""What changed between two trees, one value per file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forge_emulator.git import run, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Status = Literal["added", "removed", "modified", "renamed", "copied", "changed"]

_STATUS: dict[str, Status] = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}
_EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_OPTIONS = ("-r", "-M", "--full-index", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """One changed file.

    `oid` is the blob after the change (before it, when removed), `modes` are git's before and after
    it (six digits, 000000 where there is no file), `patch` the hunks from the first
    `@@` on without the final line feed; None for a binary file and where no line changed.
    """

    status: Status
    path: str
    previous_path: str | None
    oid: str
    additions: int
    deletions: int
    patch: str | None
    modes: tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PathChange:
    """A changed file by its path alone."""

    status: Status
    path: str
    previous_path: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Raw:
    status: Status
    path: str
    previous_path: str | None
    oid: str
    modes: tuple[str, str]


def changes(git_dir: Path, before: str | None, after: str) -> list[FileChange]:
    """Changes from one commit or tree to another; `before` None stands for the empty tree."""
    pair = (before or _EMPTY_TREE[len(after)], after)
    listed = run(git_dir, "diff-tree", *_OPTIONS, "-z", "--raw", "--numstat", *pair)
    raws, counts = _split_listing(listed.split(b"\0"))
    sections = _sections(run(git_dir, "diff-tree", *_OPTIONS, "-p", *pair))
    return [
        FileChange(
            status=raw.status,
            path=raw.path,
            previous_path=raw.previous_path,
            oid=raw.oid,
            additions=added,
            deletions=deleted,
            patch=_take_patch(sections, twice=raw.status == "changed"),
            modes=raw.modes,
        )
        for raw, (added, deleted) in zip(raws, counts, strict=True)
    ]


def changes_of_commits(
    git_dir: Path, oids: Sequence[str], *, renames: bool
) -> dict[str, list[PathChange]]:
    """What each commit changed against its first parent, for many commits in one process.

    Without `renames` a moved file is a removal and an addition, as pushes show it on some hosts.
    """
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    how = ("-M" if renames else "--no-renames", "--diff-merges=first-parent")
    options = ("--stdin", "--root", "-r", "-z", "--raw", "--full-index", *how)
    fields = run(git_dir, "diff-tree", *options, stdin=stdin).split(b"\0")
    found: dict[str, list[PathChange]] = {oid: [] for oid in oids}
    current, at = "", 0
    while at < len(fields) and fields[at]:
        if not fields[at].startswith(b":"):
            current, at = text(fields[at]).strip(), at + 1
            continue
        moved = fields[at].rsplit(b" ", 1)[1][:1] in {b"R", b"C"}
        raw = _parse_raw(fields[at], fields[at + 1 : at + 3] if moved else [fields[at + 1]])
        change = PathChange(status=raw.status, path=raw.path, previous_path=raw.previous_path)
        found[current].append(change)
        at += 3 if moved else 2
    return found


def _split_listing(fields: Sequence[bytes]) -> tuple[list[_Raw], list[tuple[int, int]]]:
    """Both halves of `--raw --numstat -z`: records that begin with a colon, then the counts."""
    raws: list[_Raw] = []
    counts: list[tuple[int, int]] = []
    at = 0
    while at < len(fields) and fields[at]:
        if fields[at].startswith(b":"):
            moved = fields[at].rsplit(b" ", 1)[1][:1] in {b"R", b"C"}
            raws.append(
                _parse_raw(fields[at], fields[at + 1 : at + 3] if moved else [fields[at + 1]])
            )
            at += 3 if moved else 2
        else:
            added, deleted, path = fields[at].split(b"\t", 2)
            counts.append((_count(added), _count(deleted)))
            at += 1 if path else 3  # a moved file has an empty path, then both paths
    return raws, counts


def _parse_raw(record: bytes, paths: Sequence[bytes]) -> _Raw:
    before, after, old, new, letter = record.decode().removeprefix(":").split(" ")
    status = _STATUS[letter[0]]
    previous = text(paths[0]) if len(paths) > 1 else None
    oid = old if status == "removed" else new
    return _Raw(
        status=status,
        path=text(paths[-1]),
        previous_path=previous,
        oid=oid,
        modes=(before, after),
    )


def _count(field: bytes) -> int:
    return 0 if field == b"-" else int(field)  # `-` marks a binary file


def _sections(patch: bytes) -> Iterator[str | None]:
    """The hunks of each file of a patch, in order; content lines never begin with `diff`."""
    for section in (b"\n" + patch).split(b"\ndiff --git ")[1:]:
        start = section.find(b"\n@@ ")
        yield None if start < 0 else text(section[start + 1 :]).removesuffix("\n")


def _take_patch(sections: Iterator[str | None], *, twice: bool) -> str | None:
    """The next section; a change of type is written as a removal and an addition."""
    first = next(sections, None)
    second = next(sections, None) if twice else None
    return "\n".join(part for part in (first, second) if part) or None
