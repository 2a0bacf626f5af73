"""Entra's token endpoint, `/{tenant}/oauth2/v2.0/token`: the client credentials grant."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from forge_emulator.oauth import OAuthError
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.world import World

TOKEN_LIFE = timedelta(hours=1)
# The host's own application in Entra, which a token must be for.
SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
_PATH = re.compile(r"/(?P<tenant>[^/]+)/oauth2/v2\.0/token")


def is_token_request(request: Request) -> bool:
    return _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request) -> Response:
    """A token of an hour for an application that shows its secret."""
    form = request.form
    if request.method != "POST" or form.get("grant_type") != "client_credentials":
        return _refusal("unsupported_grant_type", "AADSTS70003: The grant type is not supported.")
    if form.get("scope") != SCOPE:
        return _refusal(
            "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."
        )
    try:
        given = world.oauth.give_to_client(
            form.get("client_id", ""), form.get("client_secret", ""), life=TOKEN_LIFE
        )
    except OAuthError:
        return _refusal("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
    life = int(TOKEN_LIFE.total_seconds())
    return json_response(
        {
            "token_type": "Bearer",
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": given.access_token,
        }
    )


def _refusal(error: str, description: str, status: int = 400) -> Response:
    return json_response({"error": error, "error_description": description}, status)
