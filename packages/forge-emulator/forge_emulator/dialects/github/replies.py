"""What every answer of GitHub has in common: error bodies, entity tags and headers."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.dialects.github.errors import ApiError
    from forge_emulator.limits import Usage


def error_response(error: ApiError) -> Response:
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    return response


def conditional(request: Request, response: Response) -> Response:
    """Give a readable answer its `ETag`, and answer 304 where the caller has it already."""
    if request.method not in {"GET", "HEAD"} or response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    digest = hashlib.sha256(response.get_data()).hexdigest()
    response.headers["ETag"] = f'W/"{digest}"'
    response.headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
    if request.if_none_match.contains_weak(digest):
        kept = {name: value for name, value in response.headers if name != "Content-Length"}
        return Response(status=304, headers=kept)
    return response


def limit_headers(response: Response, usage: Usage, resource: str) -> Response:
    """The state of the limit that an answer counted against; the reset is in Unix seconds."""
    response.headers["x-ratelimit-limit"] = str(usage.limit)
    response.headers["x-ratelimit-remaining"] = str(usage.remaining)
    response.headers["x-ratelimit-used"] = str(usage.used)
    response.headers["x-ratelimit-reset"] = str(int(usage.reset.timestamp()))
    response.headers["x-ratelimit-resource"] = resource
    return response


def finish(response: Response) -> Response:
    """Add what every answer carries."""
    response.headers["Server"] = "github.com"
    response.headers["x-github-request-id"] = secrets.token_hex(16).upper()
    response.headers.setdefault("x-github-media-type", "github.v3; format=json")
    response.headers["x-content-type-options"] = "nosniff"
    return response
