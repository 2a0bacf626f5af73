"""What stands in a commit: trees, files, and who last changed their lines."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.gitlab import serialize
from forge_emulator.dialects.gitlab.credentials import READ_CODE
from forge_emulator.dialects.gitlab.errors import bad_parameter, bad_value, not_found
from forge_emulator.dialects.gitlab.limits import API, FILES
from forge_emulator.dialects.gitlab.paging import keyset_link
from forge_emulator.dialects.gitlab.rest_commits import find_commit
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_EXECUTABLE = "100755"


def get_tree(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """The entries of a folder, folders first; in numbered pages, by keyset, or all at once."""
    found = call.project(id)
    arguments = call.request.args
    path = arguments.get("path", "").strip("/")
    commit = _tree_commit(found, arguments.get("ref") or found.default_branch())
    above = tree.entry_at(found.git_dir, commit, path)
    if above is None or above.type != "tree":
        raise not_found("invalid revision or path")
    entries = [_below(above, each) for each in _entries(call, found, above)]
    match arguments.get("pagination", "legacy"):
        case "legacy":
            return call.page(entries, serialize.tree_entry)
        case "keyset":
            return _keyset(call, entries)
        case "none" if call.flag("recursive"):
            return call.answer([serialize.tree_entry(each) for each in entries])
        case _:
            raise bad_parameter("pagination does not have a valid value")


def _tree_commit(found: Repository, ref: str) -> str:
    try:
        return git.resolve_commit(found.git_dir, ref)
    except git.RevisionError as error:
        raise not_found("Tree") from error


def _entries(call: Call, found: Repository, above: TreeEntry) -> list[TreeEntry]:
    entries = tree.list_tree(found.git_dir, above.oid, recursive=call.flag("recursive"))
    kinds = {"tree": 0, "blob": 1, "commit": 2}
    return sorted(entries, key=lambda each: kinds[each.type])


def _below(parent: TreeEntry, child: TreeEntry) -> TreeEntry:
    """The entry of a tree with its whole path."""
    path = f"{parent.path}/{child.path}" if parent.path else child.path
    return tree.TreeEntry(
        mode=child.mode, type=child.type, oid=child.oid, size=child.size, path=path
    )


def _keyset(call: Call, entries: Sequence[TreeEntry]) -> Response:
    token, size = call.request.args.get("page_token", ""), call.page_request().size
    start = 0
    if token:
        last = _path_in(token)
        at = next((n for n, each in enumerate(entries) if each.path == last), None)
        if at is None:
            raise bad_value("Invalid page token")
        start = at + 1
    shown = entries[start : start + size]
    response = call.answer([serialize.tree_entry(each) for each in shown])
    if start + size < len(entries):
        following = base64.urlsafe_b64encode(shown[-1].path.encode()).decode()
        keyset_link(response, call.current, call.request.args, {"page_token": following})
    return response


def _path_in(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError) as error:
        raise bad_value("Invalid page token") from error


# --- files ---------------------------------------------------------------------------------------


def _file(call: Call, id: str, file_path: str, ref: str) -> tuple[Repository, str, TreeEntry]:  # noqa: A002
    """The project, the commit and the entry of a file; raises `ApiError` 400 or 404."""
    found = call.project(id, READ_CODE)
    if not tree.is_path(file_path):
        raise bad_parameter("file_path should be a valid file path")
    commit = find_commit(found, ref)
    entry = tree.entry_at(found.git_dir, commit, file_path)
    if entry is None or entry.type != "blob":
        raise not_found("File")
    return found, commit, entry


def _metadata(
    found: Repository, ref: str, commit: str, entry: TreeEntry, content: bytes
) -> JsonObject:
    last = git.list_commits(found.git_dir, commit, path=entry.path, limit=1)
    return {
        "file_name": entry.name,
        "file_path": entry.path,
        "size": len(content),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "ref": ref,
        "blob_id": entry.oid,
        "commit_id": commit,
        "last_commit_id": last[0] if last else commit,
        "execute_filemode": entry.mode == _EXECUTABLE,
    }


def _with_metadata(response: Response, values: JsonObject) -> Response:
    """The metadata as headers: `X-Gitlab-File-Name` and so on."""
    for key, value in values.items():
        name = "-".join(part.capitalize() for part in key.split("_"))
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        # a header holds latin-1 in one line; GitLab sends the bytes of UTF-8
        kept = "".join(character for character in shown if character.isprintable())
        response.headers[f"X-Gitlab-{name}"] = kept.encode().decode("latin-1")
    return response


def get_file(call: Call, id: str, file_path: str) -> Response:  # noqa: A002 - the path's own name
    ref = call.argument("ref")
    found, commit, entry = _file(call, id, file_path, ref)
    content = tree.read_blob(found.git_dir, entry.oid)
    values = _metadata(found, ref, commit, entry, content)
    body = values | {"content": base64.b64encode(content).decode()}
    return _with_metadata(call.answer(body), values)


def get_raw_file(call: Call, id: str, file_path: str) -> Response:  # noqa: A002 - likewise
    ref = call.request.args.get("ref") or "HEAD"
    found, commit, entry = _file(call, id, file_path, ref)
    content = tree.read_blob(found.git_dir, entry.oid)
    response = Response(content, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cache-Control"] = "no-store"
    return _with_metadata(response, _metadata(found, ref, commit, entry, content))


def get_blame(call: Call, id: str, file_path: str) -> Response:  # noqa: A002 - likewise
    """Groups of neighbouring lines with their commits, of a range of lines or of the whole file.

    What lies beyond the file's end is left out; line numbers are not told.
    """
    ref = call.argument("ref")
    wanted = _range(call)
    found, commit, entry = _file(call, id, file_path, ref)
    content = tree.read_blob(found.git_dir, entry.oid)
    lines = git.text(content).removesuffix("\n").split("\n") if content else []
    ranges = call.world.blame.get(found.git_dir, commit, entry.path)
    groups: list[JsonObject] = []
    for each in ranges:
        start, end = max(each.start, wanted[0]), min(each.end, wanted[1])
        if start <= end:
            blamed = serialize.blamed_commit(git.read_commit(found.git_dir, each.oid))
            groups.append({"commit": blamed, "lines": lines[start - 1 : end]})
    response = call.answer(groups)
    return _with_metadata(response, _metadata(found, ref, commit, entry, content))


def _range(call: Call) -> tuple[int, int]:
    """`range[start]` and `range[end]`, both or none; raises `ApiError` 400."""
    names = ("range[start]", "range[end]")
    texts = [call.request.args.get(name) for name in names]
    if texts == [None, None]:
        return 1, 1 << 62
    for name, text in zip(names, texts, strict=True):
        if text is None:
            raise bad_parameter(f"{name} is missing")
        if not text.isascii() or not text.isdigit() or int(text[:18]) < 1:
            raise bad_parameter(f"{name} does not have a valid value")
    start, end = (int(str(text)[:18]) for text in texts)
    if start > end:
        raise bad_value("range[start] must be less than or equal to range[end]")
    return start, end


_REPOSITORY = "/api/v4/projects/<id>/repository"

ROUTES = [
    Route("GET", f"{_REPOSITORY}/tree", get_tree, API),
    Route("GET", f"{_REPOSITORY}/files/<file_path>", get_file, FILES),
    Route("GET", f"{_REPOSITORY}/files/<file_path>/raw", get_raw_file, FILES),
    Route("GET", f"{_REPOSITORY}/files/<file_path>/blame", get_blame, FILES),
]
