"""The host's own form of the faults that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.vsts.errors import ApiError
from forge_emulator.dialects.vsts.limits import WINDOW, limit_headers
from forge_emulator.dialects.vsts.replies import error_response
from forge_emulator.limits import Usage

if TYPE_CHECKING:
    from forge_emulator.faults import Fault
    from forge_emulator.world import World

_USUAL_LIMIT = 200
_USUAL_WAIT = 30


def status(fault: Fault) -> Response:
    """An error status in the host's usual form, unless the fault brings a body."""
    code = fault.status or 500
    response = error_response(ApiError(code))
    if fault.body is not None:
        response = Response(fault.body, code)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response


def exhausted(usage: Usage, wait: int, code: int = 429) -> Response:
    """The refusal at the limit."""
    message = "Request was blocked due to exceeding usage of resource 'Core' in namespace 'User'."
    return limit_headers(error_response(ApiError(code, message)), usage, delay=wait)


def refused(world: World, fault: Fault) -> Response:
    """What a fault of kind `rate_limit_primary` gives."""
    return exhausted(_used_up(world), _wait(fault), fault.status or 429)


def delayed(world: World, fault: Fault, response: Response) -> Response:
    """What a fault of kind `rate_limit_secondary` makes of an answer: it came, but late."""
    return limit_headers(response, _used_up(world), delay=_wait(fault))


def _used_up(world: World) -> Usage:
    limit = world.rate_limit or _USUAL_LIMIT
    return Usage(limit=limit, used=limit, reset=world.clock() + WINDOW)


def _wait(fault: Fault) -> int:
    return int(_USUAL_WAIT if fault.seconds is None else fault.seconds)
