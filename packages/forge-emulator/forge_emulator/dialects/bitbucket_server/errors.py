"""Bitbucket Data Center's error answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from forge_emulator.json_types import JsonObject

_PACKAGE = "com.atlassian.bitbucket."
_MESSAGES = {
    401: "You are not permitted to access this resource",
    404: "The requested resource does not exist",
    429: "You have been rate limited. Wait before you send more requests.",
    500: "An internal error occurred",
    503: "Bitbucket is currently not available",
}
_EXCEPTIONS = {401: "AuthorisationException"}


class ApiError(Exception):
    """An answer that is an error.

    `exception` is the class that the host names, below its own package; `context` the field of
    the request that is wrong.
    """

    def __init__(
        self, status: int, message: str = "", exception: str = "", *, context: str | None = None
    ) -> None:
        self.status = status
        self.message = message or _MESSAGES.get(status) or HTTPStatus(status).phrase
        self.exception = exception or _EXCEPTIONS.get(status, "")
        self.context = context
        super().__init__(self.message)

    def body(self) -> JsonObject:
        name = f"{_PACKAGE}{self.exception}" if self.exception else None
        return {
            "errors": [{"context": self.context, "message": self.message, "exceptionName": name}]
        }


def error_response(error: ApiError) -> Response:
    return json_response(error.body(), error.status)


def unauthenticated() -> ApiError:
    """A credential that is not accepted; it has the same status as a missing permission."""
    return ApiError(
        401,
        "Authentication failed. Please check your credentials and try again.",
        "auth.IncorrectPasswordAuthenticationException",
    )


def not_permitted() -> ApiError:
    """The caller is known, or nobody, and may not do this."""
    return ApiError(401)


def no_repository(key: str, slug: str) -> ApiError:
    return ApiError(
        404, f"Repository {key}/{slug} does not exist.", "repository.NoSuchRepositoryException"
    )


def no_commit(revision: str, slug: str) -> ApiError:
    return ApiError(
        404,
        f"Commit '{revision}' does not exist in repository '{slug}'.",
        "commit.NoSuchCommitException",
    )


def no_path(path: str, revision: str) -> ApiError:
    return ApiError(
        404,
        f'The path "{path}" does not exist at revision "{revision}"',
        "content.NoSuchPathException",
    )


def refused_by_server() -> Response:
    """What the servlet container says of a path that it does not take, before the host sees it."""
    page = "<!doctype html><html><head><title>HTTP Status 400 - Bad Request</title></head></html>\n"
    return Response(page, 400, content_type="text/html;charset=utf-8")
