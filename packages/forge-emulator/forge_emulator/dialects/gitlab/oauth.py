"""OAuth's token endpoint, and what it tells of a token.

Source: "OAuth 2.0 identity provider API" in GitLab's documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator.dialects.gitlab.call import optional_text
from forge_emulator.dialects.gitlab.errors import ApiError, invalid_token
from forge_emulator.dialects.gitlab.serialize import user_number
from forge_emulator.oauth import OAuthError
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.oauth import Grant

_TEXTS = {
    "invalid_client": "Client authentication failed due to unknown client, no client"
    " authentication included, or unsupported authentication method.",
    "invalid_grant": "The provided authorization grant is invalid, expired, revoked, does not"
    " match the redirection URI used in the authorization request, or was issued to another"
    " client.",
    "unsupported_grant_type": "The authorization grant type is not supported by the"
    " authorization server.",
}


def token(call: Call) -> Response:
    """The next pair for a refresh token; it is refused the second time."""
    body = call.body()
    if optional_text(body, "grant_type") != "refresh_token":
        raise _refusal("unsupported_grant_type")
    try:
        grant = call.world.oauth.refresh(
            optional_text(body, "client_id") or "",
            optional_text(body, "client_secret") or "",
            optional_text(body, "refresh_token") or "",
        )
    except OAuthError as error:
        raise _refusal(error.code) from error
    response = call.answer(
        {
            "access_token": grant.access_token,
            "token_type": "Bearer",
            "expires_in": int(grant.life.total_seconds()),
            "refresh_token": grant.refresh_token,
            "scope": " ".join(_scopes(grant)),
            "created_at": int(grant.created_at.timestamp()),
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def token_info(call: Call) -> Response:
    """Whose token it is, what it may do and how long."""
    grant = call.authenticated().grant
    if grant is None:
        raise invalid_token()
    left = grant.created_at + grant.life - call.now
    return call.answer(
        {
            "resource_owner_id": user_number(call.login),
            "scope": list(_scopes(grant)),
            "expires_in": int(left.total_seconds()),
            "application": {"uid": grant.client_id},
            "created_at": int(grant.created_at.timestamp()),
        }
    )


def _scopes(grant: Grant) -> tuple[str, ...]:
    return tuple(scope for scope in grant.grants[1:] if "/" not in scope) or ("api",)


def _refusal(code: str) -> ApiError:
    status = 401 if code == "invalid_client" else 400
    return ApiError(status, {"error": code, "error_description": _TEXTS[code]})


ROUTES = [
    Route("POST", "/oauth/token", token, None),
    Route("GET", "/oauth/token/info", token_info, None),
]
