"""git over HTTP at `/{organization}/{project}/_git/{repository}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator import git_door, smart_http
from forge_emulator.auth import CredentialError
from forge_emulator.dialects.vsts.auth import identify
from forge_emulator.dialects.vsts.call import project_of, repository_id
from forge_emulator.dialects.vsts.replies import challenge

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_PATH = re.compile(
    r"/[^/]+/(?:(?P<project>[^/]+)/)?_git/(?P<name>[^/]+)"
    r"(?P<suffix>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.*)"
)


def is_git(request: Request) -> bool:
    return _PATH.fullmatch(request.path) is not None


def answer(world: World, request: Request, *, partial_clone: bool) -> Response:
    """Serve a fetch, or a push where the emulator takes one."""
    match = _PATH.fullmatch(request.path)
    service = smart_http.service_of(request, match["suffix"]) if match else None
    if match is None or service is None:  # the host does not speak the dumb protocol
        return git_door.refusal(400, "TF401030: The request is not supported.")
    try:
        identity = identify(world, request.headers.get("Authorization", ""))
    except CredentialError:
        return challenge(
            git_door.refusal(401, "TF400813: Resource not available for anonymous access.")
        )
    found = _repository(world, identity, match["project"] or match["name"], match["name"])
    if found is None:
        return git_door.refusal(
            404, f"TF401019: The Git repository {match['name']} does not exist."
        )
    if service == "git-receive-pack" and not (world.allow_push and identity.grants(found)):
        return git_door.refusal(403, "TF401027: You need the Git 'GenericContribute' permission.")
    return git_door.serve(
        world, request, found, match["suffix"], identity, partial_clone=partial_clone
    )


def _repository(world: World, identity: Identity, project: str, name: str) -> Repository | None:
    """Both by name or by id; a project's repository of the same name needs no project."""
    for found in world.repositories.all():
        owner = project_of(found)
        names = {found.hosted.name.lower(), repository_id(found)}
        if project.lower() in {owner.name.lower(), owner.id} and name.lower() in names:
            return found if identity.sees(found) else None
    return None
