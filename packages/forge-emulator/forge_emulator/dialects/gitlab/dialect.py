"""One request after another: who calls, what it counts against, and who answers it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from forge_emulator.dialects.gitlab import deliveries, faults, git_http, rest
from forge_emulator.dialects.gitlab.call import Call
from forge_emulator.dialects.gitlab.credentials import credential_of
from forge_emulator.dialects.gitlab.errors import ApiError, not_found
from forge_emulator.dialects.gitlab.limits import limits_of
from forge_emulator.dialects.gitlab.replies import (
    conditional,
    error_response,
    finish,
    limit_headers,
    too_many,
)
from forge_emulator.dialects.gitlab.urls import Urls
from forge_emulator.git import GitError
from forge_emulator.routes import Router, encoded_path

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.routes import Route
    from forge_emulator.store import Hook
    from forge_emulator.world import World

logger = logging.getLogger(__name__)


class GitLab:
    """The dialect of one emulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = Router(rest.ROUTES)
        self._limits = limits_of(world)
        world.store.numbers_apart = True

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        return "other" if self._found(request) is None else "rest"

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        return deliveries.deliveries(self._world, change, hook)

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if git_http.is_git(request):
            if fault is not None and fault.kind == "status":
                return finish(faults.status(fault))
            refuse = fault is not None and fault.kind == "refuse_partial_clone"
            return git_http.answer(self._world, request, partial_clone=not refuse)
        try:
            response = self._checked(request, fault)
        except ApiError as error:
            response = error_response(error)
        except GitError as error:  # the repository on disk is damaged or gone
            logger.exception("gitlab.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500, {"message": "500 Internal Server Error"}))
        return finish(response)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer of the API, or of the fault in its place."""
        if fault is not None and fault.kind == "status":
            return faults.status(fault)
        call = self._call(request)
        if fault is not None and fault.kind == "rate_limit_primary":
            return faults.throttled(call)
        if fault is not None and fault.kind == "rate_limit_secondary":
            return faults.endpoint_throttled(fault)
        found = self._found(request)
        name = None if found is None else found[0].resource
        if name is None or self._limits is None:
            return self._run(call, found)
        if self._limits.look(call.caller, name).remaining == 0:
            return too_many(self._limits.look(call.caller, name), name, call.now)
        usage = self._limits.take(call.caller, name)
        return limit_headers(self._run(call, found), usage, name)

    def _run(self, call: Call, found: tuple[Route, dict[str, object]] | None) -> Response:
        try:
            if found is None:
                raise not_found()
            route, arguments = found
            return conditional(call.request, route.handler(call, **arguments))
        except ApiError as error:
            return error_response(error)

    def _call(self, request: Request) -> Call:
        root = request.host_url.rstrip("/")
        return Call(
            world=self._world,
            request=request,
            credential=credential_of(self._world, request),
            urls=Urls(root=root),
            current=f"{root}{encoded_path(request)}",
            address=request.remote_addr or "unknown",
        )

    def _found(self, request: Request) -> tuple[Route, dict[str, object]] | None:
        return self._router.find_encoded(request.method, encoded_path(request))
