"""Reads what Bitbucket answers of files, folders, changes and searches. Pure and total.

Like ``parse``: HostUnavailable for every shape that the published description does not allow.
"""

import re
from dataclasses import dataclass

from sentry.integrations.bitbucket.parse import is_uuid, link_of, values_of
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    as_text,
    unexpected,
)
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    CodeMatch,
    CodeMatchLine,
    EntryKind,
    FileChange,
    TreeEntry,
)

_FOLDER = "commit_directory"
_KINDS = {"link": EntryKind.SYMLINK, "subrepository": EntryKind.SUBMODULE}
_COMMIT_IN_LINK = re.compile(r"/src/(?P<sha>[0-9a-f]{40}|[0-9a-f]{64})/")


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMeta:
    """What stands at a path: its size in bytes and what it is; a folder is no file.

    ``is_elsewhere`` says that git holds a pointer alone and the content lies in LFS.
    """

    size: int
    is_file: bool
    is_elsewhere: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedEntry:
    """An entry of a folder's listing; ``entry`` is None for a folder."""

    path: str
    entry: TreeEntry | None


def parse_file_meta(value: Json) -> FileMeta:
    """The answer of GET /src/{commit}/{path}?format=meta."""
    item = as_object(value, "file")
    attributes = _attributes(item)
    is_file = item.text("type") != _FOLDER and "subrepository" not in attributes
    return FileMeta(
        size=item.optional_integer("size") or 0,
        is_file=is_file,
        is_elsewhere="lfs" in attributes,
    )


def parse_listing(value: Json, folder: str) -> list[ListedEntry]:
    """A page of a folder's entries, by their paths from the root.

    Raises:
        HostUnavailable: the shape is another, or an entry lies outside of the folder.
    """
    prefix = f"{folder}/" if folder else ""
    return [_listed(item, prefix) for item in values_of(value, "entries")]


def _listed(item: JsonObject, prefix: str) -> ListedEntry:
    path = item.text("path")
    if not path.startswith(prefix):
        raise unexpected(item.path("path"))
    if item.text("type") == _FOLDER:
        return ListedEntry(path=path.rstrip("/"), entry=None)
    kinds = [_KINDS[name] for name in _attributes(item) if name in _KINDS]
    size = item.optional_integer("size")
    entry = TreeEntry(path=path, kind=kinds[0] if kinds else EntryKind.FILE, size=size)
    return ListedEntry(path=path, entry=entry)


def _attributes(item: JsonObject) -> list[str]:
    """A list by the description's examples, one word by its schema."""
    value = item.get("attributes")
    if value is None:
        return []
    words = value if isinstance(value, list) else [value]
    return [as_text(word, item.path("attributes")) for word in words]


def parse_changes(value: Json) -> list[FileChange]:
    """A page of a diffstat."""
    return [_change(item) for item in values_of(value, "changes")]


def _change(item: JsonObject) -> FileChange:
    """By which of its sides are there: ``status`` also has words for merges that conflict."""
    old, new = (_side(item, name) for name in ("old", "new"))
    if new is None:
        if old is None:
            raise unexpected(item.where)
        return FileChange(path=old, kind=ChangeKind.REMOVED)
    if old is None:
        return FileChange(path=new, kind=ChangeKind.ADDED)
    if old != new:
        return FileChange(path=new, kind=ChangeKind.RENAMED, previous_path=old)
    return FileChange(path=new, kind=ChangeKind.MODIFIED)


def _side(item: JsonObject, name: str) -> str | None:
    side = item.optional_object(name)
    return None if side is None else side.text("path")


def parse_matches(value: Json, *, external_id: str = "") -> list[CodeMatch]:
    """A page of a search of code; ``web_url`` is left to whoever knows the pages' address.

    Where a repository's ``external_id`` is a UUID, what is said to be another one's is left out.
    """
    own = external_id.lower() if is_uuid(external_id) else ""
    items = values_of(value, "matches")
    return [_match(item) for item in items if not own or _owner(item) in ("", own)]


def _owner(item: JsonObject) -> str:
    """The UUID of the repository that a match is in, in lower case; "" where it is not told."""
    commit = item.object("file").optional_object("commit")
    repository = commit.optional_object("repository") if commit else None
    return ((repository.optional_text("uuid") if repository else None) or "").lower()


def _match(item: JsonObject) -> CodeMatch:
    file = item.object("file")
    found = _COMMIT_IN_LINK.search(link_of(file, "self"))
    blocks = [] if item.get("content_matches") is None else item.objects("content_matches")
    lines = [_line(line) for block in blocks for line in block.objects("lines")]
    return CodeMatch(
        path=file.text("path"),
        ref=found["sha"] if found else "",
        lines=tuple(line for line in lines if line is not None),
    )


def _line(item: JsonObject) -> CodeMatchLine | None:
    """A line that holds what was searched; None for one that only stands around it."""
    segments = item.objects("segments")
    if not any(segment.optional_boolean("match") for segment in segments):
        return None
    number = item.optional_integer("line") or 0
    return CodeMatchLine(number=number, text="".join(each.text("text") for each in segments))
