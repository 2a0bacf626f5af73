"""Files and directories as the contents API shows them. Pure."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_LINE = 60  # characters of base64 in a line
_TYPES = {"blob": "file", "tree": "dir", "commit": "file"}  # a listing shows a submodule as file
_SYMLINK = "120000"


def entry(urls: Urls, found: Repository, ref: str, value: TreeEntry) -> JsonObject:
    """One line of a directory's listing."""
    url = urls.contents(found, value.path, ref)
    plural = {"blob": "blobs", "tree": "trees", "commit": "trees"}[value.type]
    git_url = f"{urls.repository(found)}/git/{plural}/{value.oid}"
    html = urls.page(found, "tree" if value.type == "tree" else "blob", ref, value.path)
    download = urls.page(found, "raw", ref, value.path) if value.type == "blob" else None
    return {
        "name": value.name,
        "path": value.path,
        "sha": value.oid,
        "size": value.size or 0,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": download,
        "type": "symlink" if value.mode == _SYMLINK else _TYPES[value.type],
        "_links": {"self": url, "git": git_url, "html": html},
    }


def file(
    urls: Urls, found: Repository, ref: str, value: TreeEntry, content: bytes | None
) -> JsonObject:
    """A file; `content` None stands for one that is too large to be shown.

    A link that was followed is shown with its own name and id, but as a file, with the content of
    what it leads to, and `value` has that one's size. So GitHub answered a client of
    hub4j/github-api, whose test `testGetFileContentWithSymlink` keeps the answer.
    """
    shown = "" if content is None else wrapped(content)
    encoding = "none" if content is None else "base64"
    facts: JsonObject = {"type": "file", "content": shown, "encoding": encoding}
    return entry(urls, found, ref, value) | facts


def symlink(urls: Urls, found: Repository, ref: str, value: TreeEntry, target: str) -> JsonObject:
    """A link that leads nowhere inside the repository."""
    return entry(urls, found, ref, value) | {"type": "symlink", "target": target}


def submodule(urls: Urls, found: Repository, ref: str, value: TreeEntry) -> JsonObject:
    """A commit of another repository; where that is, the emulator does not know."""
    none: JsonObject = {"html_url": None, "git_url": None, "download_url": None}
    url = f"{urls.repository(found)}/contents/{quote(value.path)}?ref={quote(ref, safe='')}"
    links: JsonObject = {"self": url, "git": None, "html": None}
    more: JsonObject = {"type": "submodule", "submodule_git_url": None, "_links": links}
    return entry(urls, found, ref, value) | none | more


def wrapped(content: bytes) -> str:
    """Base64 in lines of sixty characters, each ended."""
    plain = base64.b64encode(content).decode()
    return "".join(f"{plain[at : at + _LINE]}\n" for at in range(0, len(plain), _LINE))
