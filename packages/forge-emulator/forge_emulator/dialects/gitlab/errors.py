"""GitLab's error answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.json_types import JsonValue


class ApiError(Exception):
    """An answer that is an error: a body that is an object with `message` or `error`."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, JsonValue] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.body = dict(body or {"message": f"{status} {HTTPStatus(status).phrase}"})
        self.headers = dict(headers or {})
        super().__init__(str(self.body))


def not_found(what: str = "") -> ApiError:
    """Unknown or invisible, which look the same from outside; `what` as GitLab names it."""
    return ApiError(404, {"message": f"404 {what} Not Found" if what else "404 Not Found"})


def bad_parameter(text: str) -> ApiError:
    """A parameter that the endpoint's own declaration does not allow ("ref is missing")."""
    return ApiError(400, {"error": text})


def bad_value(message: JsonValue, status: int = 400) -> ApiError:
    """A value that the model behind the endpoint refuses."""
    return ApiError(status, {"message": message})


def unauthorized() -> ApiError:
    return ApiError(401)


def invalid_token() -> ApiError:
    """A bearer, or a private token, that has ended or was never given."""
    text = "Token was revoked. You have to re-authorize from the user."
    return ApiError(401, {"error": "invalid_token", "error_description": text})


def insufficient_scope(scopes: str) -> ApiError:
    text = "The request requires higher privileges than provided by the access token."
    body = {"error": "insufficient_scope", "error_description": text, "scope": scopes}
    return ApiError(403, body)
