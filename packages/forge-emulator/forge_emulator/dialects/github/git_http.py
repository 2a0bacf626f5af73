"""git over HTTP at `/owner/name.git`, with a token as Basic password, as GitHub takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http
from forge_emulator.auth import CredentialError, Identity, presented

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.repositories import Repository
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
        missing = "Repository not found."
        return _ask(missing) if identity is None else _refusal(404, missing)
    if service == "git-receive-pack" and not _may_push(world, identity, found):
        refusal = "Write access to repository not granted."
        return _ask(refusal) if identity is None else _refusal(403, refusal)
    return _serve(world, request, found, match["suffix"], identity, partial_clone=partial_clone)


def _may_push(world: World, identity: Identity | None, found: Repository) -> bool:
    if identity is None or not identity.grants(found):
        return False
    return world.allow_push and not found.hosted.archived


def _serve(
    world: World,
    request: Request,
    found: Repository,
    suffix: str,
    identity: Identity | None,
    *,
    partial_clone: bool,
) -> Response:
    user = "anonymous" if identity is None else identity.login
    try:
        return smart_http.serve(
            request,
            found.git_dir,
            suffix,
            user=user,
            partial_clone=partial_clone,
            watch_push=world.watch_push(found, user),
        )
    except OSError:  # the repository on disk is gone
        return _refusal(500, "Internal Server Error")


def _identity(world: World, request: Request) -> Identity | None:
    secret = presented(request.headers.get("Authorization", ""))
    return None if secret is None else world.credentials.identify(secret)


def _ask(message: str) -> Response:
    response = _refusal(401, message)
    response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return response


def _refusal(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
