"""git over HTTP at `/owner/name.git`, with a token as Basic password, as GitHub takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http
from forge_emulator.auth import CredentialError, Identity, presented

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.world import World

_PATH = re.compile(
    r"(?:/api/v3)?/(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)


def is_git(request: Request) -> bool:
    return _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # GitHub does not speak the dumb protocol
        return _refusal(403, "Please upgrade your git client.")
    try:
        identity = _identity(world, request)
    except CredentialError:
        return _ask("Invalid username or token.")
    found = world.repositories.by_name(f"{match['owner']}/{match['name']}")
    if found is None or (found.hosted.private and not (identity and identity.grants(found))):
        return (
            _ask("Repository not found.")
            if identity is None
            else _refusal(404, "Repository not found.")
        )
    if service == "git-receive-pack":
        if identity is None:
            return _ask("Authentication required.")
        if not world.allow_push or not identity.grants(found) or found.hosted.archived:
            return _refusal(403, "Write access to repository not granted.")
    user = "anonymous" if identity is None else identity.login
    return smart_http.serve(
        request, found.git_dir, match["suffix"], user=user, partial_clone=partial_clone
    )


def _identity(world: World, request: Request) -> Identity | None:
    secret = presented(request.headers.get("Authorization", ""))
    return None if secret is None else world.credentials.identify(secret)


def _ask(message: str) -> Response:
    response = _refusal(401, message)
    response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return response


def _refusal(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
