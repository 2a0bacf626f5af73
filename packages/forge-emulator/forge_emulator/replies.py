"""Answers that every dialect makes alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from forge_emulator.json_types import JsonValue

JSON_TYPE = "application/json; charset=utf-8"


def json_response(value: JsonValue, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, content_type=JSON_TYPE)
