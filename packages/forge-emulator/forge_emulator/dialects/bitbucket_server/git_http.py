"""git over HTTP at `/scm/key/slug.git`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git_door, smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket_server.auth import identify
from forge_emulator.dialects.bitbucket_server.call import PERMISSIONS, permission_of
from forge_emulator.dialects.bitbucket_server.urls import Urls

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.auth import Identity
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_PATH = re.compile(
    r"/scm/(?P<key>[^/]+)/(?P<slug>[^/]+?)(?:\.git)?"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)
_WRITE = PERMISSIONS.index("REPO_WRITE")


def is_git(request: Request) -> bool:
    return _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # the dumb protocol is not spoken
        return git_door.refusal(403, "The requested service is not available")
    try:
        identity = identify(world.credentials, request.headers.get("Authorization", ""))
    except CredentialError:
        return _ask("Authentication failed. Please check your credentials and try again.")
    name = f"{match['key']}/{match['slug']}"
    found = world.repositories.by_name(name)
    former = world.repositories.by_former_name(name)
    if former is not None and _may(world, identity, former, service):
        return _to_present_name(request, former, match["suffix"])
    if found is None:
        missing = "The requested repository does not exist, or you may not see it."
        return _ask(missing) if identity is None else git_door.refusal(404, missing)
    if not _may(world, identity, found, service):
        refusal = "You are not permitted to access the repository."
        return _ask(refusal) if identity is None else git_door.refusal(403, refusal)
    return git_door.serve(
        world,
        request,
        found,
        match["suffix"],
        identity,
        partial_clone=partial_clone,
        failure="An internal error occurred",
    )


def _to_present_name(request: Request, found: Repository, suffix: str) -> Response:
    query = request.query_string.decode("latin-1")
    location = Urls(root=request.host_url.rstrip("/")).clone(found) + suffix
    return Response(status=301, headers={"Location": f"{location}?{query}" if query else location})


def _ask(message: str) -> Response:
    return git_door.ask(message, "Atlassian Bitbucket")


def _may(world: World, identity: Identity | None, found: Repository, service: str) -> bool:
    """Whether a caller may fetch, or push."""
    if service == "git-receive-pack":
        return permission_of(identity) >= _WRITE and git_door.may_push(world, identity, found)
    return git_door.may_read(identity, found)
