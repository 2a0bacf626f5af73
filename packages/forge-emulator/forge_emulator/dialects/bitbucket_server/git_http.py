"""git over HTTP at `/scm/key/slug.git`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket_server.auth import identify
from forge_emulator.dialects.bitbucket_server.call import PERMISSIONS, permission_of

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
        return _refusal(403, "The requested service is not available")
    try:
        identity = identify(world.credentials, request.headers.get("Authorization", ""))
    except CredentialError:
        return _ask("Authentication failed. Please check your credentials and try again.")
    found = world.repositories.by_name(f"{match['key']}/{match['slug']}")
    if found is None:
        missing = "The requested repository does not exist, or you may not see it."
        return _ask(missing) if identity is None else _refusal(404, missing)
    if not _may(world, identity, found, service):
        refusal = "You are not permitted to access the repository."
        return _ask(refusal) if identity is None else _refusal(403, refusal)
    user = "anonymous" if identity is None else identity.login
    try:
        return smart_http.serve(
            request,
            found.git_dir,
            match["suffix"],
            user=user,
            partial_clone=partial_clone,
            watch_push=world.watch_push(found, user),
        )
    except OSError:  # the repository on disk is gone
        return _refusal(500, "An internal error occurred")


def _may(world: World, identity: Identity | None, found: Repository, service: str) -> bool:
    """Whether a caller may fetch, or push."""
    granted = identity is not None and identity.grants(found)
    if service == "git-receive-pack":
        may_write = granted and permission_of(identity) >= _WRITE
        return may_write and world.allow_push and not found.hosted.archived
    return granted or not found.hosted.private


def _ask(message: str) -> Response:
    response = _refusal(401, message)
    response.headers["WWW-Authenticate"] = 'Basic realm="Atlassian Bitbucket"'
    return response


def _refusal(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
