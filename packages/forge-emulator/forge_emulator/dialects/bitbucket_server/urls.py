"""The addresses that answers carry, and the paths that the host serves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from forge_emulator.repositories import Repository

_API = re.compile(r"/rest/api/(?:latest|1\.0)(?P<path>/.*)")


def api_path(path: str) -> str | None:
    """The part of a path behind the API's base, or None where it is none of the API's."""
    match = _API.fullmatch(path)
    return None if match is None else match["path"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """`root` is the host's as the caller wrote it, without a final slash."""

    root: str

    def project(self, key: str) -> str:
        """A project's page; one that begins with a tilde is a person's own."""
        if key.startswith("~"):
            return f"{self.root}/users/{quote(key[1:])}"
        return f"{self.root}/projects/{quote(key)}"

    def repository(self, found: Repository) -> str:
        return f"{self.project(found.hosted.owner)}/repos/{quote(found.hosted.name)}"

    def clone(self, found: Repository) -> str:
        return f"{self.root}/scm/{quote(found.hosted.owner.lower())}/{found.hosted.name}.git"

    def user(self, slug: str) -> str:
        return f"{self.root}/users/{quote(slug)}"
