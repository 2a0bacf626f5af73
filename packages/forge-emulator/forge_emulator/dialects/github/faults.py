"""GitHub's own form of the faults that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.github import graphql
from forge_emulator.dialects.github.errors import LIMIT_DOCS, ApiError, secondary_limit
from forge_emulator.dialects.github.limits import HOUR
from forge_emulator.dialects.github.replies import error_response, limit_headers
from forge_emulator.limits import Usage

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.faults import Fault

_SECONDARY_WAIT = 60
_USUAL_LIMIT = 5000


def status(fault: Fault) -> Response:
    """An error status with its usual message, unless the fault brings a body."""
    number = fault.status or 500
    response = error_response(ApiError(number))
    if fault.body is not None:
        response = Response(fault.body, number)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response


def primary_limit(call: Call, fault: Fault, *, is_graphql: bool) -> Response:
    """No points left: GraphQL says so inside a 200, unless the fault names a status."""
    limit = call.world.rate_limit or _USUAL_LIMIT
    usage = Usage(limit=limit, used=limit, reset=call.now + HOUR)
    if is_graphql and fault.status is None:
        return limit_headers(graphql.rate_limited(call), usage, "graphql")
    resource = "graphql" if is_graphql else "core"
    return exhausted(call, resource, usage, fault.status or 403)


def exhausted(call: Call, resource: str, usage: Usage, number: int = 403) -> Response:
    """The refusal at the limit."""
    who = call.address if call.identity is None else f"user ID {call.identity.id}"
    message = f"API rate limit exceeded for {who}."
    error = ApiError(number, message, documentation_url=LIMIT_DOCS)
    return limit_headers(error_response(error), usage, resource)


def secondary(call: Call, fault: Fault) -> Response:
    """Too much at once, with points left; the wait is the fault's seconds."""
    wait = int(_SECONDARY_WAIT if fault.seconds is None else fault.seconds)
    response = error_response(secondary_limit(fault.status or 403, wait))
    if call.limits is None:
        return response
    return limit_headers(response, call.limits.look(call.caller, "core"), "core")
