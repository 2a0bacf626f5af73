"""Apps: themselves, their installations, and the tokens that they are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forge_emulator.dialects.github import serialize
from forge_emulator.dialects.github.call import text_list
from forge_emulator.dialects.github.errors import DOCS, ApiError, not_found
from forge_emulator.dialects.github.rest_repositories import repository_json
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from forge_emulator.auth import AppCredentials, Identity
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

PERMISSIONS: JsonObject = {
    "contents": "read",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "read",
}
_EVENTS = ("installation", "issues", "pull_request", "push")
_EPOCH = serialize.instant(datetime(2020, 1, 1, tzinfo=UTC))


def get_app(call: Call) -> Response:
    app = _app(call)
    return call.answer(
        {
            "id": _number(app.app_id),
            "slug": app.slug,
            "node_id": serialize.node_id("App", app.app_id),
            "owner": serialize.user(call.urls, app.slug, "Organization"),
            "name": app.slug,
            "description": None,
            "external_url": call.urls.html,
            "html_url": f"{call.urls.html}/apps/{app.slug}",
            "created_at": _EPOCH,
            "updated_at": _EPOCH,
            "permissions": PERMISSIONS,
            "events": list(_EVENTS),
            "installations_count": len(app.installations),
        }
    )


def list_installations(call: Call) -> Response:
    app = _app(call)
    return call.page(sorted(app.installations), lambda number: _installation(call, app, number))


def get_installation(call: Call, installation_id: int) -> Response:
    app = _app(call)
    if str(installation_id) not in app.installations:
        raise not_found()
    return call.answer(_installation(call, app, str(installation_id)))


def _installation(call: Call, app: AppCredentials, number: str) -> JsonObject:
    """An installation; its account is the owner of the first repository that it may see."""
    whole = call.world.credentials.installation(number)
    granted = [found for found in call.world.repositories.all() if whole.grants(found)]
    account = granted[0].hosted.owner if granted else app.slug
    api = f"{call.urls.api}/app/installations/{number}"
    return {
        "id": _number(number),
        "account": serialize.user(call.urls, account, "Organization"),
        "repository_selection": _selection(whole),
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{call.urls.api}/installation/repositories",
        "html_url": f"{call.urls.html}/organizations/{account}/settings/installations/{number}",
        "app_id": _number(app.app_id),
        "app_slug": app.slug,
        "target_id": serialize.user_number(account),
        "target_type": "Organization",
        "permissions": PERMISSIONS,
        "events": list(_EVENTS),
        "created_at": _EPOCH,
        "updated_at": _EPOCH,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
    }


def create_access_token(call: Call, installation_id: int) -> Response:
    """A token of an hour, for all repositories of the installation or for those in the body."""
    app = _app(call)
    number = str(installation_id)
    if number not in app.installations:
        raise not_found()
    chosen = _chosen(call, call.world.credentials.installation(number), call.body())
    names = None if chosen is None else frozenset(found.full_name.lower() for found in chosen)
    token, identity = call.world.credentials.issue(number, names, "ghs_")
    value: JsonObject = {
        "token": token,
        "expires_at": serialize.instant(identity.expires_at or call.now),
        "permissions": PERMISSIONS,
        "repository_selection": _selection(identity),
    }
    if chosen is not None:
        value["repositories"] = [repository_json(call, found) for found in chosen]
    return call.answer(value, 201)


def _chosen(call: Call, whole: Identity, body: Mapping[str, object]) -> list[Repository] | None:
    """The repositories that a body names, by name or id; raises `ApiError` 422 for others."""
    names, ids = text_list(body, "repositories"), body.get("repository_ids")
    if names is None and ids is None:
        return None
    numbers = ids if isinstance(ids, list) else []
    granted = [found for found in call.world.repositories.all() if whole.grants(found)]
    wanted = [
        found for found in granted if found.hosted.name in (names or ()) or found.id in numbers
    ]
    if len(wanted) < len(names or ()) + len(numbers):
        raise ApiError(
            422,
            "There is at least one repository that does not exist or is not accessible to the"
            " parent installation.",
        )
    return wanted


def list_installation_repositories(call: Call) -> Response:
    identity = call.authenticated()
    if identity.kind != "installation":
        raise ApiError(
            403,
            "You must authenticate with an installation access token in order to list"
            " repositories for an installation.",
            documentation_url=f"{DOCS}/apps/installations",
        )
    granted = [found for found in call.world.repositories.all() if identity.grants(found)]
    return call.wrapped_page(
        "repositories",
        granted,
        lambda found: repository_json(call, found),
        repository_selection=_selection(identity),
    )


def _app(call: Call) -> AppCredentials:
    """The app that calls; raises `ApiError` 401 for anybody else."""
    app = call.world.credentials.app
    if app is None or call.identity is None or call.identity.kind != "app":
        raise ApiError(401, "A JSON web token could not be decoded")
    return app


def _selection(identity: Identity) -> str:
    return "selected" if identity.selected else "all"


def _number(value: str) -> int:
    """Ids are numbers on the host; one that is not gets a number of its own."""
    return int(value) if value.isdigit() else serialize.user_number(value)


ROUTES = [
    Route("GET", "/app", get_app),
    Route("GET", "/app/installations", list_installations),
    Route("GET", "/app/installations/<int:installation_id>", get_installation),
    Route("POST", "/app/installations/<int:installation_id>/access_tokens", create_access_token),
    Route("GET", "/installation/repositories", list_installation_repositories),
]
