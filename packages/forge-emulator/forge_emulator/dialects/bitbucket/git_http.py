"""git over HTTP at `/workspace/slug.git`; the user says what kind of token the password is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket.credentials import git_credential_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.dialects.bitbucket.credentials import Credential
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_PATH = re.compile(
    r"/(?P<workspace>[^/]+)/(?P<slug>[^/]+?)(?:\.git)?"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)
_SCOPES = {"git-upload-pack": "repository", "git-receive-pack": "repository:write"}


def is_git(request: Request) -> bool:
    return not request.path.startswith("/2.0/") and _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # Bitbucket does not speak the dumb protocol
        return _refusal(403, "Please upgrade your git client.")
    try:
        credential = git_credential_of(world, request.headers.get("Authorization", ""))
    except CredentialError:
        return _ask("Invalid credentials")
    found = world.repositories.by_name(f"{match['workspace']}/{match['slug']}")
    if found is None or not _may_read(credential, found):
        return _no(credential, 404, "Repository not found")
    if credential is not None and credential.lacks(_SCOPES[service]) is not None:
        return _refusal(403, "Your credentials lack one or more required privilege scopes.")
    if service == "git-receive-pack" and not _may_push(world, credential, found):
        return _no(credential, 403, "You do not have write access to this repository.")
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
        return _refusal(500, "Something went wrong")


def _may_read(credential: Credential | None, found: Repository) -> bool:
    if not found.hosted.private:
        return True
    return credential is not None and credential.identity.grants(found)


def _may_push(world: World, credential: Credential | None, found: Repository) -> bool:
    if credential is None or not credential.identity.grants(found):
        return False
    return world.allow_push and not found.hosted.archived


def _no(credential: Credential | None, status: int, message: str) -> Response:
    """A refusal; whoever came without a credential is asked for one."""
    return _ask(message) if credential is None else _refusal(status, message)


def _ask(message: str) -> Response:
    response = _refusal(401, message)
    response.headers["WWW-Authenticate"] = 'Basic realm="Bitbucket.org HTTP"'
    return response


def _refusal(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
