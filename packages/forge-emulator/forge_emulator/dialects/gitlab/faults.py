"""GitLab's own form of the faults that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.gitlab.errors import ApiError
from forge_emulator.dialects.gitlab.limits import API, WINDOW
from forge_emulator.dialects.gitlab.replies import error_response, too_many
from forge_emulator.limits import Usage

if TYPE_CHECKING:
    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.faults import Fault

_USUAL_LIMIT = 2000


def status(fault: Fault) -> Response:
    """An error status with its usual message, unless the fault brings a body.

    A 429 in this form tells no time, as some of GitLab's do not.
    """
    number = fault.status or 500
    response = error_response(ApiError(number))
    if fault.body is not None:
        response = Response(fault.body, number)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response


def throttled(call: Call) -> Response:
    """The whole limit is used up: a plain text, with every header."""
    limit = call.world.rate_limit or _USUAL_LIMIT
    usage = Usage(limit=limit, used=limit, reset=call.now + WINDOW)
    return too_many(usage, API, call.now)


def endpoint_throttled(fault: Fault) -> Response:
    """One endpoint was asked too often: JSON, and a time only where the fault names one."""
    text = "This endpoint has been requested too many times. Try again later."
    response = error_response(ApiError(fault.status or 429, {"message": {"error": text}}))
    if fault.seconds is not None:
        response.headers["Retry-After"] = str(int(fault.seconds))
    return response
