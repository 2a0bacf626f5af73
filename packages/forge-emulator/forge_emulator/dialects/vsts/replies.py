"""What answers of the host have in common, and the pages that it sends where it wants a sign-in."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.wrappers import Response

from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.dialects.vsts.errors import ApiError

_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Azure DevOps Services | Sign In</title></head>"
    "<body><p>Sign in to continue.</p></body></html>\n"
)
_CHALLENGE = (
    "Bearer authorization_uri=https://login.microsoftonline.com/common",
    'Basic realm="http://emulator.example/"',
)


def error_response(error: ApiError) -> Response:
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    if error.status == 401:  # noqa: PLR2004 - Unauthorized
        challenge(response)
    return response


def challenge(response: Response) -> Response:
    """Say which credentials are taken."""
    for value in _CHALLENGE:
        response.headers.add("WWW-Authenticate", value)
    return response


def sign_in_page() -> Response:
    """What a wrong personal token gets: a page for people, with a status of success."""
    return Response(_PAGE, 203, content_type="text/html; charset=utf-8")


def to_sign_in(request: Request) -> Response:
    """What a caller without a credential gets: the way to the page."""
    response = Response(_PAGE, 302, content_type="text/html; charset=utf-8")
    response.autocorrect_location_header = False
    back = quote(request.url, safe="")
    where = "https://spsproduks1.vssps.visualstudio.com/_signin"
    response.headers["Location"] = f"{where}?realm=dev.azure.com&reply_to={back}"
    return response


def finish(response: Response) -> Response:
    """Add what every answer carries."""
    response.headers["ActivityId"] = str(uuid.uuid4())
    response.headers["X-TFS-ProcessId"] = str(uuid.uuid5(uuid.NAMESPACE_DNS, "emulator"))
    response.headers["X-VSS-E2EID"] = response.headers["ActivityId"]
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
