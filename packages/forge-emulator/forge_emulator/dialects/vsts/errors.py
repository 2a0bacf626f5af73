"""The host's error answers, each with the `typeKey` that clients tell them apart by."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.json_types import JsonObject, JsonValue

_KEYS = {
    400: "VssPropertyValidationException",
    401: "UnauthorizedRequestException",
    403: "GitNeedsPermissionException",
    404: "VssResourceNotFoundException",
    409: "GitReferenceStaleException",
    429: "VssServiceResponseException",
}


class ApiError(Exception):
    """An answer that is an error; `more` is what its body holds besides."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        **more: JsonValue,
    ) -> None:
        self.status = status
        self.message = message or HTTPStatus(status).phrase
        self.key = key or _KEYS.get(status, "VssServiceException")
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(self.message)

    def body(self) -> JsonObject:
        return {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": f"Emulated.{self.key}, Emulated",
            "typeKey": self.key,
            "errorCode": 0,
            "eventId": 3000,
            **self.more,
        }


def bad_argument(message: str) -> ApiError:
    return ApiError(400, message, key="InvalidArgumentValueException")


def no_project(name: str) -> ApiError:
    return ApiError(
        404,
        f"TF200016: The following project does not exist: {name}.",
        key="ProjectDoesNotExistWithNameException",
    )


def no_repository(name: str) -> ApiError:
    return ApiError(
        404,
        f"TF401019: The Git repository with name or identifier {name} does not exist or you do"
        " not have permissions for the operation you are attempting.",
        key="GitRepositoryNotFoundException",
    )


def no_version(kind: str, version: str) -> ApiError:
    return ApiError(
        404,
        f"TF401175: The version descriptor <{kind.capitalize()}: {version} > could not be resolved"
        " to a version in the repository.",
        key="GitUnresolvableToCommitException",
    )


def no_item(path: str) -> ApiError:
    return ApiError(
        404,
        f"TF401174: The item '{path}' could not be found in the repository.",
        key="GitItemNotFoundException",
    )


def unauthorized(login: str) -> ApiError:
    """What a token is told that was not given the scope."""
    return ApiError(401, f"TF400813: The user '{login}' is not authorized to access this resource.")


def rule_broken(field: str, name: str, code: str) -> ApiError:
    """A work item's field has a value that its rules do not allow."""
    message = f"TF401320: Rule Error for field {name}. Error code: {code}."
    fault: JsonObject = {
        "fieldReferenceName": field,
        "fieldStatusFlags": code,
        "errorMessage": message,
        "fieldStatusCode": 524289,
        "ruleValidationErrors": None,
    }
    return ApiError(
        400,
        message,
        key="RuleValidationException",
        customProperties={"ErrorMessage": message, "RuleValidationErrors": [fault]},
    )
