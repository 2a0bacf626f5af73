"""Reads one git repository through the `git` binary.

Every function takes a git directory and answers plain values. Object ids are full lower-case hex,
paths are relative to the root of the repository. Bytes that are not UTF-8 become U+FFFD, as the
hosts do. No configuration of the user or of the system is read, and nothing that a caller chose
ever stands where git could take it for an option: revisions are sent to `cat-file` on standard
input, all other commands get full object ids.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CONFIG = {
    "safe.directory": "*",  # whoever hosts a repository here named it on purpose
    "core.quotePath": "false",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "blame.ignoreRevsFile": "",
    "diff.renames": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
}
_PERSON = re.compile(rb"^(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<time>-?\d+) (?P<zone>[+-]\d{4})$")
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


_MOST_COMMITS = 50_000
_known_commits: dict[tuple[Path, str], Commit] = {}


class GitError(Exception):
    """git refused; `command` is its sub-command, `detail` what it wrote."""

    def __init__(self, command: str, detail: str) -> None:
        super().__init__(f"git {command} failed")
        self.command = command
        self.detail = detail


class RevisionError(GitError):
    """A name that stands for no single commit."""


class UnknownRevisionError(RevisionError):
    """No commit has this name."""


class AmbiguousRevisionError(RevisionError):
    """More than one object begins with this abbreviation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """An author or committer; `when` carries the zone that was recorded."""

    name: str
    email: str
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit object as it is stored."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    """A branch or tag, peeled to `oid`, the commit that it names."""

    name: str
    oid: str


def environment(**config: str) -> dict[str, str]:
    """The whole environment that git runs in; `config` overrides keys (`a__b` stands for `a.b`)."""
    settings = _CONFIG | {key.replace("__", "."): value for key, value in config.items()}
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings.items()):
        variables[f"GIT_CONFIG_KEY_{index}"] = key
        variables[f"GIT_CONFIG_VALUE_{index}"] = value
    return variables


def run(git_dir: Path, command: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """Standard output of one git command; raises `GitError` when it fails."""
    try:
        done = subprocess.run(
            ["git", f"--git-dir={git_dir}", command, *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=environment(),
            cwd=git_dir if git_dir.is_dir() else git_dir.parent,
        )
    except OSError as error:  # the directory or git itself is gone
        raise GitError(command, "git could not be run") from error
    if done.returncode != 0:
        raise GitError(command, text(done.stderr).strip())
    return done.stdout


def text(raw: bytes, encoding: str = "utf-8") -> str:
    """Decode; what does not decode becomes U+FFFD, an unknown encoding counts as UTF-8."""
    try:
        return raw.decode(encoding, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def find_git_dir(path: Path) -> Path:
    """The git directory of a bare repository or work tree at `path`; raises `GitError`."""
    candidate = path / ".git" if (path / ".git").exists() else path
    found = run(candidate, "rev-parse", "--absolute-git-dir")
    return Path(os.fsdecode(found.rstrip(b"\n")))


def is_full_id(revision: str) -> bool:
    """Whether this is a whole object id, in SHA-1 or SHA-256."""
    return _FULL_ID.fullmatch(revision) is not None


def resolve_commit(git_dir: Path, revision: str) -> str:
    """The full id of the commit that a branch, tag, id, abbreviation or revision names.

    A branch wins over a tag of the same name, and both over an abbreviation, as on the hosts.
    Raises `UnknownRevisionError` or `AmbiguousRevisionError`.
    """
    if not _speakable(revision):
        raise UnknownRevisionError("cat-file", "not a revision")
    lowered = revision.lower()
    names = [f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision]
    if is_full_id(lowered):
        names = [lowered]
    # git calls what it would peel missing, also where it is ambiguous: so it is asked for unpeeled
    asked = [*(f"{name}^{{commit}}" for name in names), revision]
    lines = [_check(line) for line in _batch_check(git_dir, asked)]
    for oid, kind in lines[:-1]:
        if kind == "commit":
            return oid
    if lines[-1][1] == "ambiguous":
        raise AmbiguousRevisionError("cat-file", "ambiguous abbreviation")
    if revision == default_branch(git_dir):
        return resolve_head(git_dir)
    raise UnknownRevisionError("cat-file", "no such commit")


def resolve_head(git_dir: Path) -> str:
    """The commit that HEAD names; raises `UnknownRevisionError` in a repository without one."""
    oid, kind = _check(_batch_check(git_dir, ["HEAD^{commit}"])[0])
    if kind != "commit":
        raise UnknownRevisionError("cat-file", "the repository is empty")
    return oid


def object_type(git_dir: Path, oid: str) -> tuple[str, str] | None:
    """(full id, type) of an object named by id or abbreviation, or None."""
    if not re.fullmatch(r"[0-9a-fA-F]{4,64}", oid):
        return None
    full, kind = _check(_batch_check(git_dir, [oid.lower()])[0])
    return (full, kind) if kind in {"commit", "tree", "blob", "tag"} else None


def _speakable(revision: str) -> bool:
    """No control characters, no path or search inside the revision, not longer than a ref."""
    forbidden = ("..", "@{", ":", "\x7f")
    return (
        0 < len(revision) <= 1024  # noqa: PLR2004 - beyond the longest path that a ref can have
        and not any(mark in revision for mark in forbidden)
        and not any(ord(character) <= ord(" ") for character in revision)
        and not revision.startswith("-")
    )


def _batch_check(git_dir: Path, names: Sequence[str]) -> list[bytes]:
    stdin = "".join(f"{name}\n" for name in names).encode("utf-8", "replace")
    return run(git_dir, "cat-file", "--batch-check", stdin=stdin).splitlines()


def _check(line: bytes) -> tuple[str, str]:
    """(id, type) of a line of `cat-file --batch-check`; the type is also missing or ambiguous."""
    if line.endswith((b" missing", b" ambiguous")):
        return "", line.rsplit(b" ", 1)[1].decode()
    oid, kind, _size = line.split(b" ")
    return oid.decode(), kind.decode()


def ref_target(git_dir: Path, name: str) -> tuple[str, str] | None:
    """(id, type) of what a whole ref name (`refs/...`) points to, unpeeled, or None."""
    if not _speakable(name):
        return None
    oid, kind = _check(_batch_check(git_dir, [name])[0])
    return (oid, kind) if oid else None


def default_branch(git_dir: Path) -> str:
    """The branch that HEAD names; with a detached HEAD main, master or the first branch."""
    try:
        head = text((git_dir / "HEAD").read_bytes()).strip()  # git has kept this form since 2005
    except OSError as error:
        raise GitError("symbolic-ref", "there is no HEAD") from error
    if head.startswith("ref: refs/heads/"):
        return head.removeprefix("ref: refs/heads/")
    names = [ref.name for ref in _refs(git_dir, "refs/heads/")]
    preferred = [name for name in ("main", "master") if name in names]
    return (preferred + names + ["main"])[0]


def newest_time(git_dir: Path) -> datetime | None:
    """The time of the newest commit at the tip of a branch, or None without branches."""
    options = ("--sort=-committerdate", "--count=1", "--format=%(committerdate:unix)")
    seconds = run(git_dir, "for-each-ref", *options, "refs/heads/").strip()
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def disk_usage(git_dir: Path) -> int:
    """KiB of packed objects, or 1 where there are only loose ones."""
    packs = (git_dir / "objects" / "pack").glob("*.pack")
    return max(1, sum(pack.stat().st_size for pack in packs) // 1024)


def branches(git_dir: Path) -> list[Ref]:
    """All branches by name. A detached HEAD without any branch shows as the default branch."""
    found = _refs(git_dir, "refs/heads/")
    if found:
        return found
    try:
        return [Ref(name=default_branch(git_dir), oid=resolve_head(git_dir))]
    except UnknownRevisionError:
        return []


def tags(git_dir: Path) -> list[Ref]:
    """All tags by name that lead to a commit, also over other tags."""
    found = _refs(git_dir, "refs/tags/")
    peeled = _batch_check(git_dir, [f"{ref.oid}^{{commit}}" for ref in found])
    targets = [_check(line)[0] for line in peeled]
    return [Ref(name=ref.name, oid=oid) for ref, oid in zip(found, targets, strict=True) if oid]


def all_refs(git_dir: Path) -> dict[str, str]:
    """Every branch and tag by its whole name, with the id of the object that it points to."""
    return {ref.name: ref.oid for ref in _refs(git_dir, "")}


def _refs(git_dir: Path, prefix: str) -> list[Ref]:
    """Refs below a prefix, without it; "" stands for all branches and tags."""
    wanted = [prefix] if prefix else ["refs/heads/", "refs/tags/"]
    out = run(git_dir, "for-each-ref", "--format=%(objectname) %(refname)", *wanted)
    rows = (line.split(" ", 1) for line in text(out).splitlines())
    return [Ref(name=name.removeprefix(prefix), oid=oid) for oid, name in rows]


def read_commit(git_dir: Path, oid: str) -> Commit:
    """One commit by its full id."""
    return read_commits(git_dir, [oid])[0]


def read_commits(git_dir: Path, oids: Iterable[str]) -> list[Commit]:
    """Commits by their full ids, in that order, in one process or none.

    A commit never changes, so those that were read before are remembered. Raises
    `UnknownRevisionError`.
    """
    wanted = list(oids)
    found = {oid: _known_commits.get((git_dir, oid)) for oid in wanted}
    missing = [oid for oid, commit in found.items() if commit is None]
    for loaded in _load_commits(git_dir, missing) if missing else ():
        found[loaded.oid] = loaded
        if len(_known_commits) > _MOST_COMMITS:
            _known_commits.clear()
        _known_commits[git_dir, loaded.oid] = loaded
    return [commit for oid in wanted if (commit := found[oid]) is not None]


def _load_commits(git_dir: Path, oids: Sequence[str]) -> list[Commit]:
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    out = run(git_dir, "cat-file", "--batch", stdin=stdin)
    commits, at = [], 0
    for oid in oids:
        end = out.index(b"\n", at)
        fields = out[at:end].split(b" ")
        if fields[1:2] != [b"commit"]:
            raise UnknownRevisionError("cat-file", "no such commit")
        size = int(fields[2])
        commits.append(_parse_commit(oid, out[end + 1 : end + 1 + size]))
        at = end + size + 2
    return commits


def _parse_commit(oid: str, raw: bytes) -> Commit:
    head, _, body = raw.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        fields.setdefault(key, []).append(value)
    encoding = fields.get(b"encoding", [b"utf-8"])[0].decode("ascii", "replace")
    return Commit(
        oid=oid,
        tree=fields[b"tree"][0].decode(),
        parents=tuple(parent.decode() for parent in fields.get(b"parent", [])),
        author=_parse_person(fields[b"author"][0], encoding),
        committer=_parse_person(fields[b"committer"][0], encoding),
        message=text(body, encoding).rstrip("\n"),
    )


def _parse_person(raw: bytes, encoding: str) -> Person:
    match = _PERSON.match(raw)
    if match is None:
        return Person(name=text(raw, encoding), email="", when=datetime.fromtimestamp(0, UTC))
    zone = int(match["zone"])
    minutes = (abs(zone) // 100 * 60 + abs(zone) % 100) * (1 if zone >= 0 else -1)
    return Person(
        name=text(match["name"], encoding),
        email=text(match["email"], encoding),
        when=datetime.fromtimestamp(int(match["time"]), timezone(timedelta(minutes=minutes))),
    )


def list_commits(
    git_dir: Path,
    tip: str,
    *,
    path: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    skip: int = 0,
    limit: int | None = None,
) -> list[str]:
    """Ids of the commits reachable from `tip`, newest first, that touch `path` (all when empty).

    `since` and `until` compare the committer's time, as git does.
    """
    return text(run(git_dir, "rev-list", *_selection(since, until), f"--skip={skip}",
                    *([] if limit is None else [f"--max-count={limit}"]),
                    tip, "--", *([path] if path else []))).split()  # fmt: skip


def list_commits_following(git_dir: Path, tip: str, path: str) -> list[str]:
    """Ids of the commits that touch one file, newest first, also under its former names."""
    return text(run(git_dir, "log", "--follow", "--format=%H", tip, "--", path)).split()


def count_commits(
    git_dir: Path,
    tip: str,
    *,
    path: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """How many commits `list_commits` would give without skip and limit."""
    selection = _selection(since, until)
    return int(
        run(git_dir, "rev-list", "--count", *selection, tip, "--", *([path] if path else []))
    )


def commits_between(git_dir: Path, base: str, head: str) -> list[str]:
    """Ids of the commits in `head` that are not in `base`, oldest first."""
    return text(run(git_dir, "rev-list", "--reverse", f"^{base}", head, "--")).split()


def new_commits(git_dir: Path, tip: str, known: Iterable[str]) -> list[str]:
    """Ids of the commits in `tip` that none of `known` has, oldest first.

    Ids in `known` that are gone from the repository are passed over.
    """
    stdin = "".join(f"{line}\n" for line in [tip, *(f"^{oid}" for oid in known)]).encode()
    options = ("--reverse", "--topo-order", "--ignore-missing", "--stdin")
    return text(run(git_dir, "rev-list", *options, stdin=stdin)).split()


def merge_base(git_dir: Path, base: str, head: str) -> str | None:
    """The best common ancestor of two commits, or None when they have none."""
    try:
        return text(run(git_dir, "merge-base", base, head)).strip()
    except GitError:
        return None


def _selection(since: datetime | None, until: datetime | None) -> list[str]:
    options = []
    if since is not None:
        options.append(f"--max-age={int(since.timestamp())}")
    if until is not None:
        options.append(f"--min-age={int(until.timestamp())}")
    return options
