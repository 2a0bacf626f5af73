"""Bitbucket's own form of the faults that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.replies import error_response

if TYPE_CHECKING:
    from forge_emulator.faults import Fault

LIMITS = {"rate_limit_primary", "rate_limit_secondary"}


def status(fault: Fault) -> Response:
    """An error status with its usual message, unless the fault brings a body."""
    number = fault.status or 500
    response = error_response(ApiError(number))
    if fault.body is not None:
        response = Response(fault.body, number)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response


def limited() -> Response:
    """The refusal at the limit: Bitbucket does not say when it ends."""
    return error_response(ApiError(429))
