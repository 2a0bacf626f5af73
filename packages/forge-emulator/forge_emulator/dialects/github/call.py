"""One request to GitHub's API, with what every handler needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from werkzeug.wrappers import Response

from forge_emulator.dialects.github.errors import (
    ApiError,
    not_found,
    redirected,
    requires_authentication,
)
from forge_emulator.paging import Page, PageRequest, cut, link_header, page_request
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from werkzeug.wrappers import Request

    from forge_emulator.auth import Identity
    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.limits import RateLimits
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

T = TypeVar("T")
ANONYMOUS_LIMIT = 60  # an hour
_LARGEST_BODY = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request whose credential was checked; `identity` is None for an anonymous one."""

    world: World
    request: Request
    identity: Identity | None
    urls: Urls
    limits: RateLimits | None
    address: str

    @property
    def now(self) -> datetime:
        return self.world.clock()

    @property
    def login(self) -> str:
        """Who acts; raises `ApiError` 401 when nobody does."""
        return self.authenticated().login

    @property
    def caller(self) -> str:
        """The name under which limits are counted."""
        who = self.identity
        return self.address if who is None else f"{who.kind}:{who.installation or who.login}"

    def ceiling(self, resource: str) -> int | None:
        """A lower limit than the resource's own, for anonymous callers."""
        return ANONYMOUS_LIMIT if self.identity is None and resource == "core" else None

    def authenticated(self) -> Identity:
        if self.identity is None:
            raise requires_authentication()
        return self.identity

    def sees(self, repository: Repository) -> bool:
        if self.identity is None:
            return not repository.hosted.private
        return self.identity.sees(repository)

    def repository(self, owner: str, repo: str) -> Repository:
        """The repository of that name; raises `ApiError` 404 when there is none to be seen.

        A former name that nobody took is sent on to the address by id.
        """
        name = f"{owner}/{repo}"
        found = self.world.repositories.by_name(name)
        if found is not None and self.sees(found):
            return found
        moved = self.world.repositories.by_former_name(name)
        if moved is not None and self.sees(moved):
            query = self.request.query_string.decode("ascii", "replace")
            raise redirected(self.request.method, self.urls.current, query)
        raise not_found()

    def writable(self, owner: str, repo: str) -> Repository:
        """The repository, for a caller who may write there."""
        found = self.repository(owner, repo)
        if not self.authenticated().grants(found):
            raise ApiError(403)
        if found.hosted.archived:
            raise ApiError(403, "Repository was archived so is read-only.")
        return found

    def visible_repositories(self) -> list[Repository]:
        return [found for found in self.world.repositories.all() if self.sees(found)]

    def body(self) -> dict[str, object]:
        """The JSON object that was sent; raises `ApiError` 400 or 413."""
        if (self.request.content_length or 0) > _LARGEST_BODY:
            raise ApiError(413, "Payload too large")
        try:
            value: object = json.loads(self.request.get_data() or b"{}")
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "Problems parsing JSON") from error
        if not isinstance(value, dict):
            raise ApiError(400, "Body should be a JSON object")
        return value

    def page_request(self, default: int = 30) -> PageRequest:
        return page_request(self.request.args, default=default, cap=self.world.page_size_cap)

    def answer(self, value: JsonValue, status: int = 200) -> Response:
        return json_response(value, status)

    def page(self, items: Sequence[T], serialize: Callable[[T], JsonObject]) -> Response:
        """One page of a whole list, each entry serialized, with its `Link` header."""
        page = cut(items, self.page_request())
        response = self.answer([serialize(item) for item in page.items])
        self.link(response, page)
        return response

    def wrapped_page(
        self, key: str, items: Sequence[T], serialize: Callable[[T], JsonObject], **more: JsonValue
    ) -> Response:
        """One page inside an object that also says how many there are."""
        page = cut(items, self.page_request())
        entries = [serialize(item) for item in page.items]
        response = self.answer({"total_count": page.total, **more, key: entries})
        self.link(response, page)
        return response

    def link(self, response: Response, page: Page[T]) -> None:
        """Add the `Link` header of a page."""
        arguments = self.request.args.items(multi=True)
        value = link_header(self.urls.current, arguments, page.request, page.last)
        if value:
            response.headers["Link"] = value


def optional_text(body: Mapping[str, object], field: str) -> str | None:
    """A text or null field of a body; raises `ApiError` 422 for another type."""
    value = body.get(field)
    if value is not None and not isinstance(value, str):
        raise ApiError(422, f"Invalid request.\n\nFor 'properties/{field}', this is not a string.")
    return value


def text_list(body: Mapping[str, object], field: str) -> tuple[str, ...] | None:
    """A list of texts, or None when absent; raises `ApiError` 422 for another type."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(422, f"Invalid request.\n\nFor 'properties/{field}', this is not an array.")
    return tuple(value)
