"""One request to the API, with what every handler needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from forge_emulator import git
from forge_emulator.dialects.bitbucket_server.errors import (
    ApiError,
    no_commit,
    no_repository,
    not_permitted,
)
from forge_emulator.dialects.bitbucket_server.paging import PageRequest, cut, page, page_request
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.dialects.bitbucket_server.urls import Urls
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

T = TypeVar("T")
PERMISSIONS = ("REPO_READ", "REPO_WRITE", "REPO_ADMIN")  # each includes those before it
_LARGEST_BODY = 8 * 1024 * 1024


def permission_of(identity: Identity | None) -> int:
    """How far a credential goes, as a place in `PERMISSIONS`, -1 for nowhere.

    A grant with a permission's name narrows a token to it; without one it goes all the way.
    """
    if identity is None:
        return -1
    named = [PERMISSIONS.index(scope) for scope in identity.scopes if scope in PERMISSIONS]
    return max(named, default=len(PERMISSIONS) - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request whose credential was checked; `identity` is None for an anonymous one."""

    world: World
    request: Request
    identity: Identity | None
    urls: Urls

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def may(self, found: Repository, permission: str) -> bool:
        """Whether the caller has a permission on a repository by more than its being public."""
        if self.identity is None or not self.identity.grants(found):
            return False
        return permission_of(self.identity) >= PERMISSIONS.index(permission)

    def sees(self, found: Repository) -> bool:
        return not found.hosted.private or self.may(found, "REPO_READ")

    def repository(self, key: str, slug: str) -> Repository:
        """The repository of that name; raises `ApiError` 404 or 401."""
        found = self.world.repositories.by_name(f"{key}/{slug}")
        if found is None:
            raise no_repository(key, slug)
        if not self.sees(found):
            raise not_permitted()
        return found

    def administered(self, key: str, slug: str) -> Repository:
        """The repository, for a caller who may administer it; raises `ApiError` 404 or 401."""
        found = self.repository(key, slug)
        if not self.may(found, "REPO_ADMIN"):
            raise not_permitted()
        return found

    def commit(self, found: Repository, revision: str) -> str:
        """The full id of a ref or a commit, the default branch's for ""; raises `ApiError` 404."""
        try:
            if not revision:
                return git.resolve_head(found.git_dir)
            return git.resolve_commit(found.git_dir, revision)
        except git.RevisionError as error:
            if not git.branches(found.git_dir):
                raise ApiError(
                    404,
                    f"Repository '{found.full_name}' has no default branch: it is empty.",
                    "repository.NoDefaultBranchException",
                ) from error
            raise no_commit(revision, found.hosted.name) from error

    def body(self) -> dict[str, object]:
        """The JSON object that was sent; raises `ApiError` 400 or 413."""
        if (self.request.content_length or 0) > _LARGEST_BODY:
            raise ApiError(413, "The request is too large.")
        try:
            value: object = json.loads(self.request.get_data())
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "The request cannot be read as JSON.") from error
        if not isinstance(value, dict):
            raise ApiError(400, "The request is no JSON object.")
        return value

    def wanted(self, cap: int | None = None) -> PageRequest:
        return page_request(self.request.args, cap=self.world.page_size_cap if cap is None else cap)

    def answer(self, value: JsonValue, status: int = 200) -> Response:
        return json_response(value, status)

    def page(
        self,
        items: Sequence[T],
        serialize: Callable[[T], JsonValue],
        *,
        cap: int | None = None,
        around: JsonObject | None = None,
    ) -> Response:
        """One page of a whole list, each entry serialized; `around` is what else the page says."""
        chosen, about = cut(items, self.wanted(cap))
        return self.answer({**(around or {}), **page([serialize(each) for each in chosen], about)})
