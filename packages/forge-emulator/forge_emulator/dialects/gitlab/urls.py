"""The addresses that answers carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from forge_emulator.repositories import Repository

API = "/api/v4"


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """`root` is the host as the caller wrote it, without a final slash."""

    root: str

    @property
    def api(self) -> str:
        return f"{self.root}{API}"

    def project(self, found: Repository) -> str:
        """The API's address of a project, by its id."""
        return f"{self.api}/projects/{found.id}"

    def home(self, found: Repository) -> str:
        """The page of a project."""
        return f"{self.root}/{quote(found.full_name)}"

    def page(self, found: Repository, *parts: str) -> str:
        """A page below a project: `/group/name/-/part/part`."""
        return "/".join([self.home(found), "-", *(quote(part) for part in parts)])
