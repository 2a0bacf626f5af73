"""The addresses that answers carry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.repositories import Repository

API = "/2.0"
_NAMESPACE = uuid.UUID("5d1d0bb8-3a43-4b5f-8f2c-6f0f2f9f7b10")


def braced(kind: str, name: str | int) -> str:
    """An object's id: a UUID in braces that depends on its kind and name alone."""
    return f"{{{uuid.uuid5(_NAMESPACE, f'{kind}:{name}')}}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """`api` is the root of the API, `html` that of the pages, `current` this request's address."""

    api: str
    html: str
    current: str = ""

    def repository(self, repository: Repository, *parts: str) -> str:
        """An address of the API inside a repository."""
        parts = (self.api, "repositories", repository.full_name, *map(quote, parts))
        return "/".join(parts)

    def page(self, repository: Repository, *parts: str) -> str:
        """The page for people: `/workspace/slug/part/part`."""
        return "/".join([self.html, repository.full_name, *map(quote, parts)])


def urls_of(request: Request) -> Urls:
    """Addresses under the host that was called."""
    root = request.host_url.rstrip("/")
    return Urls(api=f"{root}{API}", html=root, current=f"{root}{quote(request.path)}")
