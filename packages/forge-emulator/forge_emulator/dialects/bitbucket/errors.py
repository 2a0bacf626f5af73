"""Bitbucket's error answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.json_types import JsonObject, JsonValue

TIMED_OUT = 555  # Bitbucket's own: the request took too long to answer
_BAD_TOKEN = "Token is invalid, expired, or not supported for this endpoint."  # noqa: S105 - a text

_MESSAGES = {
    401: _BAD_TOKEN,
    403: "Access denied. You must have read access to access this resource.",
    404: "Resource not found",
    410: "Resource removed",
    429: "Rate limit for this resource has been exceeded",
    500: "Something went wrong",
    TIMED_OUT: "The request timed out",
}


class ApiError(Exception):
    """An answer that is an error; `detail` and `data` are what some errors say besides."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        detail: JsonValue = None,
        data: Mapping[str, JsonValue] | None = None,
    ) -> None:
        self.status = status
        self.message = message or _MESSAGES.get(status) or _phrase(status)
        self.detail = detail
        self.data = data
        super().__init__(self.message)

    def body(self) -> JsonObject:
        error: JsonObject = {"message": self.message}
        if self.detail is not None:
            error["detail"] = self.detail
        if self.data is not None:
            error["data"] = self.data
        return {"type": "error", "error": error}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus else "Error"


def not_found() -> ApiError:
    return ApiError(404)


def no_repository(full_name: str) -> ApiError:
    return ApiError(404, f"Repository {full_name} not found")


def no_commit(revision: str) -> ApiError:
    return ApiError(404, "Commit not found", data={"shas": [revision]})


def no_file(path: str) -> ApiError:
    return ApiError(404, f"No such file or directory: {path}")


def lacking(required: str, granted: Sequence[str]) -> ApiError:
    """The credential is good, and not for this."""
    return ApiError(
        403,
        "Your credentials lack one or more required privilege scopes.",
        detail={"granted": list(granted), "required": [required]},
    )
