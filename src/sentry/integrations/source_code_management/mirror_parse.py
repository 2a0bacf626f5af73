"""Reads what git prints while it blames on a mirror. Pure.

Formats: git-blame(1) ``--porcelain``, git-ls-tree(1) ``-z -l``, git-log(1) and git-diff-tree(1)
``--raw -z``. Paths stay bytes: git's are no text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from posixpath import normpath

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.lines import decode_text
from sentry.integrations.source_code_management.types import AuthorInfo, CommitInfo
from sentry.integrations.source_code_management.validation import is_full_sha

# One record per commit for ``git log -z --format``: five fields, each ended by NUL.
COMMIT_FORMAT = "%H%x00%an%x00%ae%x00%ct%x00%B"
_COMMIT_FIELDS = 5

_SUBMODULE = "160000"
_LINK = "120000"
_TOO_FEW_LINES = re.compile(r"has only (\d+) lines?")
_OBJECT_ID = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_MAX_TIME = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


# --- a file as of a commit ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeFile:
    """What a tree holds under a path. ``size`` in bytes; None where the object is not here.

    A symbolic link is a blob, too: its content is the path that it leads to.
    """

    kind: str
    object_id: str
    size: int | None
    is_link: bool = False


def parse_tree(output: bytes) -> dict[bytes, TreeFile]:
    """The entries of ``ls-tree -z -l``, by path."""
    entries: dict[bytes, TreeFile] = {}
    for record in output.split(b"\0"):
        facts, tab, path = record.partition(b"\t")
        if tab:
            mode, kind, object_id, size = facts.decode("ascii").split()
            entries[path] = TreeFile(
                kind=kind,
                object_id=object_id,
                size=int(size) if size.isdigit() else None,
                is_link=mode == _LINK,
            )
    return entries


# --- blame -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class BlamedLine:
    """Line ``number`` (from 1), the commit that last changed it, and its text without its end."""

    number: int
    sha: str
    text: str


def parse_blame(output: bytes) -> Iterator[BlamedLine]:
    """The lines of ``blame --porcelain``, in its order.

    Each begins with ``<commit> <line there> <line here>``, may have headers, and ends with the text
    behind a tab.
    """
    sha, number = "", 0
    for line in output.split(b"\n"):
        if line.startswith(b"\t"):
            text = decode_text(line[1:]).removesuffix("\r")
            yield BlamedLine(number=number, sha=sha, text=text)
            sha = ""
        elif not sha and line:
            words = line.split()
            sha, number = words[0].decode("ascii"), int(words[2])


def parse_commits(output: bytes) -> dict[str, CommitInfo]:
    """The commits of ``log -z --format=COMMIT_FORMAT``, by id."""
    fields = output.split(b"\0")
    commits: dict[str, CommitInfo] = {}
    for start in range(0, len(fields) - _COMMIT_FIELDS + 1, _COMMIT_FIELDS):
        sha, name, email, seconds, message = map(decode_text, fields[start : start + 5])
        commits[sha] = CommitInfo(
            sha=sha,
            message=message.rstrip("\n"),
            author=AuthorInfo(name=name, email=email),
            committed_at=_time(seconds),
        )
    return commits


def _time(seconds: str) -> datetime:
    """A commit's time; git takes numbers that no calendar has."""
    value = float(seconds) if seconds.isdigit() else 0.0
    return datetime.fromtimestamp(min(value, _MAX_TIME), tz=UTC)


def line_count_of(stderr: str) -> int | None:
    """How many lines the file has, where blame complained that it has not that many."""
    match = _TOO_FEW_LINES.search(stderr)
    return int(match[1]) if match else None


def parse_ignore_revs(content: bytes) -> tuple[str, ...]:
    """The full commit ids of a ``.git-blame-ignore-revs``; comments and all else are left out.

    ``git blame`` itself refuses the whole file for one line that is no id.
    """
    lines = (line.partition("#")[0].strip() for line in decode_text(content).splitlines())
    return tuple(dict.fromkeys(line.lower() for line in lines if is_full_sha(line.lower())))


def parse_link(content: bytes) -> bytes | None:
    """The path that a symbolic link in the root leads to; None where that is not below the root."""
    path = normpath(content)
    if content.startswith(b"/") or b"\0" in content or path.split(b"/")[0] in {b".", b".."}:
        return None
    return path


# --- history -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file's change in a commit against one of its parents, as ``--raw`` tells it.

    ``old`` and ``new`` are object ids, "" where there is no file or a submodule.
    """

    commit: str
    parents: tuple[str, ...]
    status: str
    path: bytes
    old: str
    new: str


def parse_changes(output: bytes) -> Iterator[Change]:
    """The changes of ``log`` or ``diff-tree`` with ``-z --raw --no-renames --format=%H %P``."""
    commit, parents = "", tuple[str, ...]()
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        words = token.decode("ascii", "replace").split()
        if not words:
            continue
        if not words[0].startswith(":"):
            commit, parents = words[0], tuple(words[1:])
            continue
        old_mode, new_mode, old, new, status = words
        yield Change(
            commit=commit,
            parents=parents,
            status=status,
            path=next(tokens, b""),
            old=_blob(old_mode.removeprefix(":"), old),
            new=_blob(new_mode, new),
        )


def parse_renames(output: bytes) -> list[bytes]:
    """The former paths of ``diff-tree -z --raw -M --diff-filter=R``: facts, old path, new path."""
    return output.split(b"\0")[1::3]


def _blob(mode: str, object_id: str) -> str:
    return "" if mode == _SUBMODULE or not object_id.strip("0") else object_id


def missing_ids(output: bytes) -> list[str]:
    """The ids that ``cat-file --batch-check`` calls missing."""
    return [line.split()[0] for line in output.decode().splitlines() if line.endswith(" missing")]


def object_ids(text: str) -> list[str]:
    """Every full object id in a message of git."""
    return _OBJECT_ID.findall(text)


# --- failures ----------------------------------------------------------------------------------

_DAMAGE = re.compile(
    r"packfile|pack index|index file|bad object|corrupt|loose object|unable to read|not a git repo"
)
_HTTP_STATUS = re.compile(r"returned error: (\d{3})")
_UNAUTHORIZED = re.compile(
    r"Authentication failed|could not read (Username|Password)|returned error: 401"
)
_ABSENT = re.compile(r"repository '[^']*' not found|returned error: (404|410)")
_NOT_OUR_REF = re.compile(r"not our ref|unadvertised object|couldn't find remote ref")
_INCOMPLETE = re.compile(
    r"did not send all necessary objects|could not fetch [0-9a-f]+ from promisor remote"
)
_OTHER_FORMAT = re.compile(
    r"mismatched algorithms|does not support this repository's object format"
)
_FORBIDDEN, _TOO_MANY = 403, 429
_REDIRECTS = range(300, 400)


class CredentialRefusedError(IntegrationBroken):
    """The host refused the credential that git brought; a newer one may do."""


class OtherFormatError(NotFound):
    """The host's repository has ids of the other length (SHA-1, SHA-256): it lacks the commit."""


class IncompleteFetchError(HostUnavailable):
    """git misses an object that a fetched name leads to; a filter leaves out what a tag names."""


def is_local_damage(stderr: str) -> bool:
    """Whether a command failed because git could not read the repository on disk."""
    return _DAMAGE.search(stderr) is not None


def fetch_failure(stderr: str) -> ScmError:
    """What a failed fetch means, from git's untranslated messages. None of them is passed on."""
    if _UNAUTHORIZED.search(stderr):
        return CredentialRefusedError()
    if _ABSENT.search(stderr):
        return NotFound("repository")
    if _NOT_OUR_REF.search(stderr):
        return NotFound("commit")
    if _OTHER_FORMAT.search(stderr):
        return OtherFormatError("commit")
    match = _HTTP_STATUS.search(stderr)
    if match is None and _INCOMPLETE.search(stderr):
        return IncompleteFetchError("the host did not give all that git needs")
    return _status_failure(int(match[1]) if match else None)


def _status_failure(status: int | None) -> ScmError:
    if status == _FORBIDDEN:
        return HostForbidden("fetch this", status=status)
    if status == _TOO_MANY:
        return HostRateLimited(None, status=status)
    if status in _REDIRECTS:
        return HostUnavailable("the host redirected git, which does not follow", status=status)
    return HostUnavailable("git could not fetch from the host", status=status)
