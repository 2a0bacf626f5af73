"""What git over HTTP has in common at every host; who calls is the dialect's, and the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import smart_http

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.auth import Identity
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World


def may_read(identity: Identity | None, found: Repository) -> bool:
    """Whether somebody, or nobody in particular, may fetch."""
    return not found.hosted.private or (identity is not None and identity.grants(found))


def may_push(world: World, identity: Identity | None, found: Repository) -> bool:
    """Whether the emulator takes pushes, and this one."""
    granted = identity is not None and identity.grants(found)
    return granted and world.allow_push and not found.hosted.archived


def serve(
    world: World,
    request: Request,
    found: Repository,
    suffix: str,
    identity: Identity | None,
    *,
    partial_clone: bool,
    failure: str = "Internal Server Error",
) -> Response:
    """The answer of git itself; `failure` where the repository on disk is gone."""
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
    except OSError:
        return refusal(500, failure)


def ask(message: str, realm: str) -> Response:
    """Asks for a credential (RFC 7617)."""
    response = refusal(401, message)
    response.headers["WWW-Authenticate"] = f'Basic realm="{realm}"'
    return response


def refusal(status: int, message: str) -> Response:
    """A line of text, which git shows."""
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
