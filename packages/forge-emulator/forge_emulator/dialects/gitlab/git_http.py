"""git over HTTP at `/group/subgroup/name.git`, with a token as Basic password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.gitlab.credentials import READ_CODE, WRITE_CODE, git_credential_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.dialects.gitlab.credentials import Credential
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_PATH = re.compile(
    r"/(?P<name>[^/]+(?:/[^/]+)+?)"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)


def is_git(request: Request) -> bool:
    return not request.path.startswith("/api/") and _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # GitLab does not speak the dumb protocol
        return _refusal(403, "Git clients of the dumb protocol are not served")
    try:
        credential = git_credential_of(world, request.headers.get("Authorization", ""))
    except CredentialError:
        return _ask("HTTP Basic: Access denied")
    name = match["name"].removesuffix(".git")
    found = world.repositories.by_name(name) or world.repositories.by_former_name(name)
    if found is None or not _may_read(credential, found):
        text = "The project you were looking for could not be found or you don't have permission."
        return _ask("HTTP Basic: Access denied") if credential is None else _refusal(404, text)
    is_push = service == "git-receive-pack"
    if credential is not None and not credential.may(WRITE_CODE if is_push else READ_CODE):
        return _refusal(403, "HTTP Basic: Access denied. The token has insufficient scope.")
    if is_push and not _may_push(world, credential, found):
        text = "You are not allowed to push code to this project."
        return _ask("HTTP Basic: Access denied") if credential is None else _refusal(403, text)
    return _serve(world, request, found, match["suffix"], credential, partial_clone=partial_clone)


def _serve(
    world: World,
    request: Request,
    found: Repository,
    suffix: str,
    credential: Credential | None,
    *,
    partial_clone: bool,
) -> Response:
    user = "anonymous" if credential is None else credential.identity.login
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


def _may_read(credential: Credential | None, found: Repository) -> bool:
    if not found.hosted.private:
        return True
    return credential is not None and credential.identity.grants(found)


def _may_push(world: World, credential: Credential | None, found: Repository) -> bool:
    if credential is None or not credential.identity.grants(found):
        return False
    return world.allow_push and not found.hosted.archived


def _ask(message: str) -> Response:
    response = _refusal(401, message)
    response.headers["WWW-Authenticate"] = 'Basic realm="GitLab"'
    return response


def _refusal(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
