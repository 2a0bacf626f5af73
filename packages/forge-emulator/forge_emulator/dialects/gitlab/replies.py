"""What every answer of GitLab has in common: error bodies, entity tags and headers."""

from __future__ import annotations

import hashlib
import secrets
from email.utils import format_datetime
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.json_types import JsonObject, JsonValue
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.wrappers import Request

    from forge_emulator.dialects.gitlab.errors import ApiError
    from forge_emulator.limits import Usage

JSON_TYPE = "application/json"


def answer(value: JsonValue, status: int = 200) -> Response:
    response = json_response(value, status)
    response.headers["Content-Type"] = JSON_TYPE
    return response


def error_response(error: ApiError) -> Response:
    body: JsonObject = error.body
    response = answer(body, error.status)
    response.headers.update(error.headers)
    return response


def conditional(request: Request, response: Response) -> Response:
    """Give a JSON answer its `ETag`, and answer 304 where the caller has it already."""
    if request.method not in {"GET", "HEAD"} or response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    if response.headers.get("Content-Type") != JSON_TYPE:
        return response
    digest = hashlib.md5(response.get_data(), usedforsecurity=False).hexdigest()
    response.headers["ETag"] = f'W/"{digest}"'
    response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
    if request.if_none_match.contains_weak(digest):
        kept = {name: value for name, value in response.headers if name != "Content-Length"}
        return Response(status=304, headers=kept)
    return response


def limit_headers(response: Response, usage: Usage, name: str) -> Response:
    """The state of the limit that an answer counted against."""
    response.headers["RateLimit-Limit"] = str(usage.limit)
    response.headers["RateLimit-Name"] = name
    response.headers["RateLimit-Observed"] = str(usage.used)
    response.headers["RateLimit-Remaining"] = str(usage.remaining)
    response.headers["RateLimit-Reset"] = str(int(usage.reset.timestamp()))
    response.headers["RateLimit-ResetTime"] = format_datetime(usage.reset, usegmt=True)
    return response


def too_many(usage: Usage, name: str, now: datetime) -> Response:
    """The refusal at a limit: a plain text."""
    response = Response(b"Retry later\n", 429, content_type="text/plain")
    seconds = max(1, int((usage.reset - now).total_seconds()))
    response.headers["Retry-After"] = str(seconds)
    return limit_headers(response, usage, name)


def finish(response: Response) -> Response:
    """Add what every answer carries."""
    response.headers["X-Request-Id"] = secrets.token_hex(13).upper()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Gitlab-Meta"] = '{"version":"1"}'
    response.headers.setdefault("Vary", "Origin")
    return response
