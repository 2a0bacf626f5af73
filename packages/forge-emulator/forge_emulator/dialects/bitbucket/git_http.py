"""git over HTTP at `/workspace/slug.git`; the user says what kind of token the password is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator import git_door, smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket.credentials import git_credential_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.dialects.bitbucket.credentials import Credential
    from forge_emulator.world import World

_PATH = re.compile(
    r"/(?P<workspace>[^/]+)/(?P<slug>[^/]+?)(?:\.git)?"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)
_REALM = "Bitbucket.org HTTP"
_SCOPES = {"git-upload-pack": "repository", "git-receive-pack": "repository:write"}


def is_git(request: Request) -> bool:
    return not request.path.startswith("/2.0/") and _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # Bitbucket does not speak the dumb protocol
        return git_door.refusal(403, "Please upgrade your git client.")
    try:
        credential = git_credential_of(world, request.headers.get("Authorization", ""))
    except CredentialError:
        return git_door.ask("Invalid credentials", _REALM)
    found = world.repositories.by_name(f"{match['workspace']}/{match['slug']}")
    if found is None or not git_door.may_read(_identity(credential), found):
        return _no(credential, 404, "Repository not found")
    if credential is not None and credential.lacks(_SCOPES[service]) is not None:
        return git_door.refusal(403, "Your credentials lack one or more required privilege scopes.")
    if service == "git-receive-pack" and not git_door.may_push(world, _identity(credential), found):
        return _no(credential, 403, "You do not have write access to this repository.")
    return git_door.serve(
        world,
        request,
        found,
        match["suffix"],
        _identity(credential),
        partial_clone=partial_clone,
        failure="Something went wrong",
    )


def _identity(credential: Credential | None) -> Identity | None:
    return None if credential is None else credential.identity


def _no(credential: Credential | None, status: int, message: str) -> Response:
    """A refusal; whoever came without a credential is asked for one."""
    return (
        git_door.ask(message, _REALM) if credential is None else git_door.refusal(status, message)
    )
