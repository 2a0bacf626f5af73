"""Bitbucket's token endpoint, as far as an application needs it that has a refresh token."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from forge_emulator.oauth import OAuthError
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.oauth import Grant
    from forge_emulator.world import World

PATH = "/site/oauth2/access_token"
_TEXTS = {
    "invalid_client": "The client credentials are not valid",
    "invalid_grant": "The refresh token is not valid",
    "unsupported_grant_type": "The grant type is not supported",
    "invalid_request": "The request lacks a parameter",
}


def is_token_request(request: Request) -> bool:
    return request.path == PATH


def answer(world: World, request: Request) -> Response:
    """The next pair of tokens for a refresh token; the client comes by Basic or in the body."""
    try:
        return json_response(_pair(_refreshed(world, request)))
    except OAuthError as error:
        status = 401 if error.code == "invalid_client" else 400
        body = {"error": error.code, "error_description": _TEXTS[error.code]}
        return json_response(body, status)


def _refreshed(world: World, request: Request) -> Grant:
    if request.method != "POST":
        raise OAuthError("invalid_request")
    if request.form.get("grant_type") != "refresh_token":
        raise OAuthError("unsupported_grant_type")
    client_id, secret = _client(request)
    return world.oauth.refresh(client_id, secret, request.form.get("refresh_token", ""))


def _pair(grant: Grant) -> dict[str, str | int]:
    scopes = [each for each in grant.grants[1:] if "/" not in each]
    return {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "expires_in": int(grant.life.total_seconds()),
        "token_type": "bearer",
        "scopes": " ".join(scopes or ["account", "repository", "pullrequest", "webhook"]),
        "state": "refresh_token",
    }


def _client(request: Request) -> tuple[str, str]:
    """The client's id and secret; each part of a Basic pair is encoded as in a form (RFC 6749)."""
    header = request.headers.get("Authorization", "")
    if not header.lower().startswith("basic "):
        return request.form.get("client_id", ""), request.form.get("client_secret", "")
    try:
        pair = base64.b64decode(header[6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_client") from error
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
