"""GitHub's error answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.json_types import JsonObject, JsonValue

DOCS = "https://docs.github.com/rest"
LIMIT_DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
GRAPHQL_DOCS = "https://docs.github.com/graphql"

_MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by integration",
    404: "Not Found",
    409: "Git Repository is empty.",
    410: "Issues has been disabled in this repository.",
    422: "Validation Failed",
    429: "Too Many Requests",
    500: "Server Error",
    502: "Server Error",
    503: "No server is currently available to service your request.",
}


class ApiError(Exception):
    """An answer that is an error; `errors` is the list that comes with a 422."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        errors: Sequence[JsonValue] | None = None,
        documentation_url: str = DOCS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.message = message or _MESSAGES.get(status) or HTTPStatus(status).phrase
        self.errors = errors
        self.documentation_url = documentation_url
        self.headers = dict(headers or {})
        super().__init__(self.message)

    def body(self) -> JsonObject:
        body: JsonObject = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        body["documentation_url"] = self.documentation_url
        body["status"] = str(self.status)
        return body


def redirected(method: str, url: str, query: str) -> ApiError:
    """Sends a request on to where the repository goes by its id."""
    status = 301 if method in {"GET", "HEAD"} else 307
    target = f"{url}?{query}" if query else url
    return ApiError(status, headers={"Location": target})


def not_found() -> ApiError:
    """Unknown or invisible, which look the same from outside."""
    return ApiError(404)


def bad_credentials() -> ApiError:
    return ApiError(401)


def requires_authentication() -> ApiError:
    return ApiError(401, "Requires authentication")


def missing_field(resource: str, field: str) -> ApiError:
    return invalid(resource, field, "missing_field")


def invalid(resource: str, field: str, code: str = "invalid", **more: JsonValue) -> ApiError:
    error: JsonObject = {"resource": resource, "field": field, "code": code, **more}
    return ApiError(422, errors=[error])


def secondary_limit(status: int, seconds: int) -> ApiError:
    """Too much at once: points may be left, the body alone tells it from a refusal."""
    return ApiError(
        status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        documentation_url=f"{LIMIT_DOCS}#about-secondary-rate-limits",
        headers={"retry-after": str(seconds)},
    )
