"""Reads trees and files of a commit through git.

Paths are relative to the root of the repository; those that are not UTF-8 show U+FFFD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator.git import GitError, read_commit, run, text

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_PATH = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeEntry:
    """One entry of a tree: `type` is blob, tree or commit; `size` (bytes) is known for blobs."""

    mode: str
    type: str
    oid: str
    size: int | None
    path: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def entry_at(git_dir: Path, commit: str, path: str) -> TreeEntry | None:
    """What stands at `path` in a commit, or None. The empty path is the root tree."""
    if not path:
        tree = read_commit(git_dir, commit).tree
        return TreeEntry(mode="040000", type="tree", oid=tree, size=None, path="")
    if not is_path(path):
        return None
    entries = _ls_tree(git_dir, commit, "--", path)
    return next((entry for entry in entries if entry.path == path), None)


def list_tree(git_dir: Path, tree: str, *, recursive: bool = False) -> list[TreeEntry]:
    """Entries of a tree in git's order; recursively with the trees themselves."""
    return _ls_tree(git_dir, *(["-r", "-t"] if recursive else []), tree)


def _ls_tree(git_dir: Path, *arguments: str) -> list[TreeEntry]:
    out = run(git_dir, "ls-tree", "--full-tree", "-l", "-z", *arguments)
    return [_parse_entry(record) for record in out.split(b"\0") if record]


def _parse_entry(record: bytes) -> TreeEntry:
    meta, path = record.split(b"\t", 1)
    mode, kind, oid, size = (field.decode() for field in meta.split())
    known = None if size == "-" else int(size)
    return TreeEntry(mode=mode, type=kind, oid=oid, size=known, path=text(path))


def read_blob(git_dir: Path, oid: str) -> bytes:
    """The bytes of a blob."""
    return run(git_dir, "cat-file", "blob", oid)


def grep(git_dir: Path, commit: str, words: str) -> list[str]:
    """Paths of the text files in a commit that contain `words`, letter case ignored."""
    if "\0" in words:
        return []
    try:
        out = run(git_dir, "grep", "-z", "-l", "-I", "-i", "-F", "-e", words, commit, "--")
    except GitError as error:
        if error.detail:
            raise
        return []  # status 1 without a word: nothing matched
    prefix = f"{commit}:"
    return [text(path).removeprefix(prefix) for path in out.split(b"\0") if path]


def is_path(path: str) -> bool:
    """Whether git could store this path: relative, no empty or dot segment, no NUL, all Unicode."""
    surrogate = any("\ud800" <= character <= "\udfff" for character in path)
    wrong = surrogate or "\0" in path or len(path) > _LONGEST_PATH
    return not wrong and not {"", ".", ".."}.intersection(path.split("/"))
