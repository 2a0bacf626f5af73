"""Accounts, and the personal token that calls.

Source: "Users API" and "Personal access tokens API" in GitLab's documentation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forge_emulator.dialects.gitlab import serialize
from forge_emulator.dialects.gitlab.credentials import READ, READ_USER
from forge_emulator.dialects.gitlab.errors import not_found
from forge_emulator.dialects.gitlab.limits import API
from forge_emulator.repositories import stable_number
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def accounts(call: Call) -> list[str]:
    """The logins of every account that the host knows, by name."""
    owners = {
        found.hosted.owner
        for found in call.world.repositories.all()
        if is_user(call, found.hosted.owner)
    }
    return sorted({*call.world.credentials.logins(), *call.world.users.values(), *owners})


def is_user(call: Call, owner: str) -> bool:
    """An owner with a token of its own is a user, any other a group."""
    return owner in call.world.credentials.logins()


def get_user(call: Call) -> Response:
    """The account that calls."""
    call.authenticated()
    call.demand(READ_USER)
    more = {
        "created_at": serialize.instant(_EPOCH),
        "bio": "",
        "public_email": None,
        "email": f"{call.login}@example.com",
        "bot": False,
        "external": False,
        "private_profile": False,
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": True,
    }
    return call.answer(serialize.user(call.urls, call.login) | more)


def list_users(call: Call) -> Response:
    """Accounts by their exact `username`, or by a part of it; only for callers who are known."""
    call.authenticated()
    call.demand(READ | READ_USER)
    arguments = call.request.args
    exact, part = arguments.get("username", "").lower(), arguments.get("search", "").lower()
    found = [
        login
        for login in accounts(call)
        if (not exact or login.lower() == exact) and part in login.lower()
    ]
    return call.page(found, lambda login: serialize.user(call.urls, login))


def get_own_token(call: Call) -> Response:
    """The personal token that calls; an application's is none."""
    credential = call.authenticated()
    if credential.grant is not None:
        raise not_found()
    return call.answer(
        {
            "id": stable_number(f"token:{call.login}"),
            "name": "token",
            "revoked": False,
            "created_at": serialize.instant(_EPOCH),
            "description": None,
            "scopes": list(credential.scopes),
            "user_id": serialize.user_number(call.login),
            "last_used_at": serialize.instant(call.now),
            "active": True,
            "expires_at": None,
            "last_used_ips": [],
        }
    )


ROUTES = [
    Route("GET", "/api/v4/user", get_user, API),
    Route("GET", "/api/v4/users", list_users, API),
    Route("GET", "/api/v4/personal_access_tokens/self", get_own_token, API),
]
