"""Blames a file of a repository on disk. Makes no request: what is missing is a failure."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import NotFound, TooLarge
from sentry.integrations.source_code_management.mirror_git import Git, GitFailedError, file_of_ids
from sentry.integrations.source_code_management.mirror_parse import (
    COMMIT_FORMAT,
    BlamedLine,
    TreeFile,
    line_count_of,
    parse_blame,
    parse_commits,
    parse_ignore_revs,
    parse_link,
    parse_tree,
)
from sentry.integrations.source_code_management.types import CommitInfo

IGNORE_REVS = ".git-blame-ignore-revs"
_MAX_FILE = 64 * 1024 * 1024
_MAX_IGNORE_REVS = 1024 * 1024
_MAX_LINK = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedFile:
    """A file to blame: ``path`` as of commit ``sha`` (a full id)."""

    sha: str
    path: str

    @property
    def git_path(self) -> bytes:
        """The path as git has it."""
        return self.path.encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """The file's entry in the commit's tree, and that of the revisions to ignore, if any.

    Where the latter is a link, it is the entry that the link leads to; the link's own while it is
    not on disk.
    """

    file: TreeFile
    ignore_revs: TreeFile | None

    @property
    def missing(self) -> list[str]:
        """The ids of those contents that are not on disk."""
        entries = [self.file, *([self.ignore_revs] if self.ignore_revs else [])]
        return [entry.object_id for entry in entries if entry.size is None]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileBlame:
    """Blamed lines by their number, and whether revisions were ignored for them."""

    lines: Mapping[int, BlamedLine]
    ignore_revs_applied: bool


def has_commit(git: Git, sha: str) -> bool:
    """Whether a full id is that of a commit that is here."""
    try:
        found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{commit}}")
    except GitFailedError:
        return False
    return found.decode().strip() == sha  # a tag's own id leads to another one


def find_file(git: Git, asked: AskedFile) -> FoundFile:
    """Looks the file up in the commit's tree.

    Raises:
        NotFound: there is none; a folder or a submodule is none.
        TooLarge: it is larger than is blamed.
    """
    paths = (asked.git_path, IGNORE_REVS)
    entries = parse_tree(git("ls-tree", "-z", "-l", "--full-tree", asked.sha, "--", *paths))
    file, ignore_revs = entries.get(asked.git_path), entries.get(IGNORE_REVS.encode())
    if file is None or file.kind != "blob":
        raise NotFound("file")
    if (file.size or 0) > _MAX_FILE:
        raise TooLarge("the file is larger than this platform blames")
    return FoundFile(file=file, ignore_revs=_behind_link(git, asked.sha, ignore_revs))


def _behind_link(git: Git, sha: str, entry: TreeFile | None) -> TreeFile | None:
    """A file in the root, or the one that a link there leads to; None where there is no file.

    A link to a link leads nowhere. A link whose content is not on disk stays as it is.
    """
    if entry is not None and entry.is_link and entry.size is not None:
        content = git("cat-file", "blob", entry.object_id) if entry.size <= _MAX_LINK else b""
        path = parse_link(content)
        if path is None:
            return None
        entry = parse_tree(git("ls-tree", "-z", "-l", "--full-tree", sha, "--", path)).get(path)
        if entry is not None and entry.is_link:
            return None
    return entry if entry is not None and entry.kind == "blob" else None


def blame_file(
    git: Git, asked: AskedFile, found: FoundFile, *, lines: Sequence[int] | None
) -> FileBlame:
    """Blames some lines (from 1), or all with None. A line that the file has not is left out.

    Renames are followed. The revisions that the commit's own ``.git-blame-ignore-revs`` names are
    ignored, also where it is a link to a file of the same tree; what is no full id in it is left
    out, and one of more than a MiB as a whole.

    Raises:
        GitFailedError: something that is needed is not on disk, or cannot be read.
    """
    ignored = _ignored_revisions(git, found.ignore_revs)
    with tempfile.NamedTemporaryFile(prefix="ignore-revs-") as file:
        arguments = []
        if ignored:
            file.write(file_of_ids(ignored))
            file.flush()
            arguments.append(f"--ignore-revs-file={file.name}")
        output = _blame(git, arguments, asked, lines)
    return FileBlame(
        lines={line.number: line for line in parse_blame(output)},
        ignore_revs_applied=bool(ignored),
    )


def _ignored_revisions(git: Git, file: TreeFile | None) -> tuple[str, ...]:
    """The revisions to ignore; none where there is no such file, or an unreasonable one."""
    if file is None or (file.size or 0) > _MAX_IGNORE_REVS:
        return ()
    return parse_ignore_revs(git("cat-file", "blob", file.object_id))


def _blame(
    git: Git, arguments: Sequence[str], asked: AskedFile, lines: Sequence[int] | None
) -> bytes:
    command = ("blame", "--porcelain", *arguments)
    target = (asked.sha, "--", asked.git_path)
    if lines is None:
        return git(*command, *target)
    try:
        return git(*command, *_ranges(lines), *target)
    except GitFailedError as failure:
        count = line_count_of(failure.stderr)
        if count is None:
            raise
    there = [line for line in lines if line <= count]
    return git(*command, *_ranges(there), *target) if there else b""


def _ranges(lines: Iterable[int]) -> list[str]:
    return [f"-L{line},{line}" for line in lines]


def read_commits(git: Git, shas: Iterable[str]) -> dict[str, CommitInfo]:
    """The commits of full ids, with their whole messages, by id.

    Raises:
        GitFailedError: one is not here.
    """
    ids = list(shas)
    if not ids:
        return {}
    command = ("log", "-z", "--no-walk=unsorted", "--stdin", f"--format={COMMIT_FORMAT}")
    return parse_commits(git(*command, stdin=file_of_ids(ids)))
