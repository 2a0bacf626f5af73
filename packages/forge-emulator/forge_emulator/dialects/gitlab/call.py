"""One request to GitLab's API, with what every handler needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from forge_emulator.dialects.gitlab import paging, replies
from forge_emulator.dialects.gitlab.credentials import READ, WRITE
from forge_emulator.dialects.gitlab.errors import (
    ApiError,
    bad_parameter,
    insufficient_scope,
    not_found,
    unauthorized,
)
from forge_emulator.paging import Page, PageRequest, cut

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from forge_emulator.dialects.gitlab.credentials import Credential
    from forge_emulator.dialects.gitlab.urls import Urls
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

T = TypeVar("T")
_LARGEST_BODY = 8 * 1024 * 1024
_TRUE, _FALSE = {"true", "1", "t", "on"}, {"false", "0", "f", "off"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request whose credential was checked; `credential` is None for an anonymous one.

    `current` is this request's own address, without the query.
    """

    world: World
    request: Request
    credential: Credential | None
    urls: Urls
    current: str
    address: str

    @property
    def now(self) -> datetime:
        return self.world.clock()

    @property
    def caller(self) -> str:
        """The name under which limits are counted."""
        return self.address if self.credential is None else self.credential.identity.login

    @property
    def login(self) -> str:
        """Who acts; raises `ApiError` 401 when nobody does."""
        return self.authenticated().identity.login

    def authenticated(self) -> Credential:
        if self.credential is None:
            raise unauthorized()
        return self.credential

    def demand(self, scopes: frozenset[str]) -> None:
        """Raise `ApiError` 403 for a token that has none of the scopes."""
        if self.credential is not None and not self.credential.may(scopes):
            raise insufficient_scope(" ".join(sorted(scopes)))

    # --- projects --------------------------------------------------------------------------

    def sees(self, found: Repository) -> bool:
        if self.credential is None:
            return not found.hosted.private
        return self.credential.identity.sees(found)

    def project(self, name: str, scopes: frozenset[str] = READ) -> Repository:
        """The project of an id or a path; raises `ApiError` 404, or 301 for a former path."""
        self.demand(scopes)
        repositories = self.world.repositories
        found = repositories.by_id(int(name)) if _is_id(name) else repositories.by_name(name)
        if found is not None and self.sees(found):
            return found
        moved = None if _is_id(name) else repositories.by_former_name(name)
        if moved is not None and self.sees(moved):
            raise self._moved(moved)
        raise not_found("Project")

    def _moved(self, found: Repository) -> ApiError:
        if self.request.method not in {"GET", "HEAD"}:
            text = "405 Non GET methods are not allowed for moved projects"
            return ApiError(405, {"message": text})
        rest = self.current.split("/projects/", 1)[1].partition("/")[2]
        target = f"{self.urls.project(found)}/{rest}".rstrip("/")
        query = self.request.query_string.decode("ascii", "replace")
        target = f"{target}?{query}" if query else target
        text = f"This resource has been moved permanently to {target}"
        return ApiError(301, {"message": text}, headers={"Location": target})

    def writable(self, name: str) -> Repository:
        """The project, for a caller who may write there."""
        self.authenticated()
        found = self.project(name, WRITE)
        if not self.authenticated().identity.grants(found) or found.hosted.archived:
            raise ApiError(403)
        return found

    # --- what was sent -----------------------------------------------------------------------

    def argument(self, name: str) -> str:
        """A query argument that must be there; raises `ApiError` 400."""
        value = self.request.args.get(name)
        if value is None:
            raise bad_parameter(f"{name} is missing")
        if not value:
            raise bad_parameter(f"{name} is empty")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean of the query; raises `ApiError` 400."""
        value = self.request.args.get(name, "").lower()
        if value and value not in _TRUE | _FALSE:
            raise bad_parameter(f"{name} is invalid")
        return value in _TRUE if value else default

    def body(self) -> dict[str, object]:
        """What was sent as JSON or as a form; raises `ApiError` 400 or 413."""
        if (self.request.content_length or 0) > _LARGEST_BODY:
            raise ApiError(413)
        if self.request.mimetype == "application/x-www-form-urlencoded":
            return dict(self.request.form.items())
        try:
            value: object = json.loads(self.request.get_data() or b"{}")
        except (ValueError, RecursionError) as error:
            raise bad_parameter("Invalid json") from error
        if not isinstance(value, dict):
            raise bad_parameter("Invalid json")
        return value

    # --- answers -----------------------------------------------------------------------------

    def answer(self, value: JsonValue, status: int = 200) -> Response:
        return replies.answer(value, status)

    def page_request(self) -> PageRequest:
        return paging.page_request(self.request.args, self.world.page_size_cap)

    def page(self, items: Sequence[T], serialize: Callable[[T], JsonObject]) -> Response:
        """One page of a whole list, each entry serialized, with its headers."""
        page = cut(items, self.page_request())
        response = self.answer([serialize(item) for item in page.items])
        self.page_headers(response, page)
        return response

    def page_headers(self, response: Response, page: Page[T], *, with_total: bool = True) -> None:
        arguments = self.request.args.items(multi=True)
        paging.page_headers(response, self.current, arguments, page, with_total=with_total)


def optional_text(body: Mapping[str, object], field: str) -> str | None:
    """A text or null field of a body; raises `ApiError` 400 for another type."""
    value = body.get(field)
    if value is not None and not isinstance(value, str):
        raise bad_parameter(f"{field} is invalid")
    return value


def optional_flag(body: Mapping[str, object], field: str) -> bool | None:
    """A boolean field of a body, None when absent; raises `ApiError` 400 for another type."""
    value = body.get(field)
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if value is not None and not isinstance(value, bool):
        raise bad_parameter(f"{field} is invalid")
    return value


def text_list(body: Mapping[str, object], field: str) -> tuple[str, ...] | None:
    """A list of texts, or one text with commas; None when absent; raises `ApiError` 400."""
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_parameter(f"{field} is invalid")
    return tuple(value)


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 19  # noqa: PLR2004 - of 64 bits
