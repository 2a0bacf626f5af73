"""What every answer of Bitbucket has in common."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.errors import ApiError


def error_response(error: ApiError) -> Response:
    return json_response(error.body(), error.status)


def finish(response: Response) -> Response:
    """Add what every answer carries."""
    response.headers["Server"] = "AtlassianEdge"
    response.headers["X-Request-Id"] = secrets.token_hex(16)
    response.headers["X-Served-By"] = "emulated"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
