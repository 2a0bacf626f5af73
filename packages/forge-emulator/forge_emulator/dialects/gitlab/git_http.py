"""git over HTTP at `/group/subgroup/name.git`, with a token as Basic password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator import git_door, smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.gitlab.credentials import READ_CODE, WRITE_CODE, git_credential_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.dialects.gitlab.credentials import Credential
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
        return git_door.refusal(403, "Git clients of the dumb protocol are not served")
    try:
        credential = git_credential_of(world, request.headers.get("Authorization", ""))
    except CredentialError:
        return _ask()
    name = match["name"].removesuffix(".git")
    found = world.repositories.by_name(name) or world.repositories.by_former_name(name)
    if found is None or not git_door.may_read(_identity(credential), found):
        text = "The project you were looking for could not be found or you don't have permission."
        return _ask() if credential is None else git_door.refusal(404, text)
    is_push = service == "git-receive-pack"
    if credential is not None and not credential.may(WRITE_CODE if is_push else READ_CODE):
        return git_door.refusal(403, "HTTP Basic: Access denied. The token has insufficient scope.")
    if is_push and not git_door.may_push(world, _identity(credential), found):
        text = "You are not allowed to push code to this project."
        return _ask() if credential is None else git_door.refusal(403, text)
    caller = _identity(credential)
    return git_door.serve(
        world, request, found, match["suffix"], caller, partial_clone=partial_clone
    )


def _identity(credential: Credential | None) -> Identity | None:
    return None if credential is None else credential.identity


def _ask() -> Response:
    return git_door.ask("HTTP Basic: Access denied", "GitLab")
