"""git over HTTP at `/owner/name.git`, with a token as Basic password, as GitHub takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator import git_door, smart_http
from forge_emulator.auth import CredentialError, Identity, presented

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

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
        return git_door.refusal(403, "Please upgrade your git client.")
    try:
        identity = _identity(world, request)
    except CredentialError:
        return _ask("Invalid username or token.")
    name = f"{match['owner']}/{match['name']}"
    found = world.repositories.by_name(name) or world.repositories.by_former_name(name)
    if found is None or not git_door.may_read(identity, found):
        missing = "Repository not found."
        return _ask(missing) if identity is None else git_door.refusal(404, missing)
    if found.full_name.lower() != name.lower():
        return _moved(request, found, match["suffix"])
    if service == "git-receive-pack" and not git_door.may_push(world, identity, found):
        refusal = "Write access to repository not granted."
        return _ask(refusal) if identity is None else git_door.refusal(403, refusal)
    return git_door.serve(
        world, request, found, match["suffix"], identity, partial_clone=partial_clone
    )


def _moved(request: Request, found: Repository, suffix: str) -> Response:
    """Where a renamed repository is now, which git is left to follow."""
    query = request.query_string.decode("ascii", "replace")
    target = f"{request.host_url}{found.full_name}.git{suffix}"
    response = git_door.refusal(301, "Moved Permanently")
    response.headers["Location"] = f"{target}?{query}" if query else target
    return response


def _ask(message: str) -> Response:
    return git_door.ask(message, "GitHub")


def _identity(world: World, request: Request) -> Identity | None:
    secret = presented(request.headers.get("Authorization", ""))
    return None if secret is None else world.credentials.identify(secret)
