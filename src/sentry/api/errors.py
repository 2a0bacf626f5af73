"""From errors to HTTP answers: every one is ``{"detail": …}`` with a text from here or the domain.

A wrong input is told in ``errors`` too, by field. Exception texts never leave.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from sentry.integrations.source_code_management import errors as scm
from sentry.integrations.source_code_management.database_errors import database_error
from sentry.utils.reporting import report_exception

logger = logging.getLogger(__name__)

# An error's status is that of its nearest class in this table.
STATUSES: dict[type[scm.ScmError], HTTPStatus] = {
    scm.ScmError: HTTPStatus.INTERNAL_SERVER_ERROR,
    scm.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    scm.PermissionDenied: HTTPStatus.FORBIDDEN,
    scm.InvalidArgument: HTTPStatus.BAD_REQUEST,
    scm.NotFound: HTTPStatus.NOT_FOUND,
    scm.AlreadyExists: HTTPStatus.CONFLICT,
    scm.RequestInFlight: HTTPStatus.CONFLICT,
    scm.PreconditionFailed: HTTPStatus.CONFLICT,
    scm.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    scm.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    scm.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    scm.Unsupported: HTTPStatus.BAD_REQUEST,
    scm.ServiceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    scm.HostError: HTTPStatus.SERVICE_UNAVAILABLE,
    scm.HostRateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    scm.HostRejected: HTTPStatus.BAD_REQUEST,
    scm.HostForbidden: HTTPStatus.CONFLICT,
}


class LengthRequired(exceptions.APIException):
    """A body came in chunks, without its length (RFC 9110, section 15.5.12)."""

    status_code = HTTPStatus.LENGTH_REQUIRED


# What goes with every 401 (RFC 9110, section 11.6.1).
CHALLENGE = 'Bearer realm="api"'

# The framework's own errors, in our words.
_FRAMEWORK: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "The body is not valid JSON.",
    exceptions.UnsupportedMediaType: "The body must be application/json.",
    exceptions.MethodNotAllowed: "This address does not take that method.",
    LengthRequired: "A body must come with its Content-Length, not in chunks.",
    exceptions.NotFound: "There is nothing at this address.",
    exceptions.NotAuthenticated: "A credential is needed.",
    exceptions.AuthenticationFailed: "The credential is not accepted.",
    exceptions.PermissionDenied: "The credential does not allow this.",
}
_INTERNAL = "Something went wrong here. The cause is logged under this event id."
# What a REST caller calls a field that the domain names otherwise.
_RENAMED = {"page_token": "cursor", "page_size": "per_page"}


class CsrfFailed(scm.PermissionDenied):
    """A session's unsafe request came without its CSRF token."""

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("")
        self.message = "the CSRF token is missing or wrong"


class SessionNeeded(scm.PermissionDenied):
    """What belongs to a person was asked by a program's credential or a token."""

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("")
        self.message = "this needs a session: sign in"


def status_of(error: scm.ScmError) -> HTTPStatus:
    """The HTTP status of an error of the domain."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to an exception that an endpoint let rise (REST framework's hook)."""
    owner = getattr(context.get("view"), "owner", "")
    if isinstance(exc, OperationalError):
        return _database_error(exc)
    if isinstance(exc, scm.ScmError):
        return _domain_error(exc, owner)
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(_fields(exc.detail))
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, DjangoPermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.APIException) and type(exc) in _FRAMEWORK:
        return _answer(exc.status_code, _FRAMEWORK[type(exc)])
    return Response(_internal_error(exc, owner), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _database_error(error: OperationalError) -> Response:
    """A statement that the deadline stopped, or a database that is down or too busy: logged."""
    told = database_error()
    if isinstance(told, scm.ServiceUnavailable):
        logger.error("api.database_failed", exc_info=error)
    return _domain_error(told)


def camel_case(name: str) -> str:
    """``stack_root`` as ``stackRoot``."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _domain_error(error: scm.ScmError, owner: str = "") -> Response:
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return Response(_internal_error(error, owner), status=status)
    if isinstance(error, scm.InvalidArgument):
        field = _RENAMED.get(error.field) or camel_case(error.field)
        return _invalid({field: [error.description]})
    response = _answer(status, error.message)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def _answer(status: int, detail: str) -> Response:
    return Response({"detail": detail}, status=status)


def _invalid(fields: Mapping[str, list[str]]) -> Response:
    detail = "; ".join(
        f"{field}: {text}" if field else text for field, texts in fields.items() for text in texts
    )
    body = {"detail": detail, "errors": fields}
    return Response(body, status=HTTPStatus.BAD_REQUEST)


def _fields(detail: Any) -> dict[str, list[str]]:
    """The framework's validation errors, by field; those of the whole body under ``""``."""
    if not isinstance(detail, dict):
        return {"": [str(text) for text in detail]}
    return {
        "" if field == "non_field_errors" else field: _texts(told) for field, told in detail.items()
    }


def _texts(told: Any) -> list[str]:
    """The texts of one field; of a list those of its items, counted from one."""
    if not isinstance(told, dict):
        return [str(text) for text in told]
    return [
        f"item {place + 1}: {text}" if isinstance(place, int) else f"{place}: {text}"
        for place, inner in told.items()
        for text in _texts(inner)
    ]


def _internal_error(exc: BaseException | None, owner: str = "") -> dict[str, str]:
    event_id = report_exception("api.internal_error", error=exc, logger=logger, owner=owner)
    return {"detail": _INTERNAL, "eventId": event_id}


# --- what Django answers itself, outside of endpoints -------------------------------------------


def bad_request(_request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    """Django's ``handler400``: a request that it refuses to read."""
    return JsonResponse({"detail": "The request is malformed."}, status=HTTPStatus.BAD_REQUEST)


def permission_denied(_request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    """Django's ``handler403``."""
    text = _FRAMEWORK[exceptions.PermissionDenied]
    return JsonResponse({"detail": text}, status=HTTPStatus.FORBIDDEN)


def csrf_failure(_request: HttpRequest, reason: str = "") -> JsonResponse:  # noqa: ARG001
    """Django's ``CSRF_FAILURE_VIEW``, for what is no endpoint."""
    return JsonResponse({"detail": CsrfFailed().message}, status=HTTPStatus.FORBIDDEN)


def not_found(_request: HttpRequest, *_args: object, **_kwargs: object) -> JsonResponse:
    """Django's ``handler404``, and the answer to every unknown path of the API."""
    return JsonResponse({"detail": _FRAMEWORK[exceptions.NotFound]}, status=HTTPStatus.NOT_FOUND)


def server_error(_request: HttpRequest) -> JsonResponse:
    """Django's ``handler500``: an exception outside of an endpoint, which is being handled."""
    return JsonResponse(_internal_error(None), status=HTTPStatus.INTERNAL_SERVER_ERROR)
