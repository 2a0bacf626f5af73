"""The addresses that answers carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.repositories import Repository

ENTERPRISE = "/api/v3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """`api` and `html` are the roots as the caller wrote them, `current` this request's own."""

    api: str
    html: str
    current: str

    def repository(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def page(self, repository: Repository, *parts: str) -> str:
        """The page for people: `/owner/name/part/part`."""
        return "/".join([self.html, repository.full_name, *(quote(part) for part in parts)])

    def contents(self, repository: Repository, path: str, ref: str) -> str:
        return f"{self.repository(repository)}/contents/{quote(path)}?ref={quote(ref, safe='')}"


def urls_of(request: Request, path: str) -> Urls:
    """Addresses in the form that was called; `path` is the routed path, without `/api/v3`."""
    root = request.host_url.rstrip("/")
    prefix = ENTERPRISE if request.path.startswith(f"{ENTERPRISE}/") else ""
    return Urls(api=f"{root}{prefix}", html=root, current=f"{root}{prefix}{quote(path)}")
