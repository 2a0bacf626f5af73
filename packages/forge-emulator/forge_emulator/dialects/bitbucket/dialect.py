"""One request after another: who calls, what it counts against, and who answers it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, Rule

from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket import deliveries, faults, git_http, oauth, rest
from forge_emulator.dialects.bitbucket.call import Call
from forge_emulator.dialects.bitbucket.credentials import credential_of
from forge_emulator.dialects.bitbucket.errors import ApiError, not_found
from forge_emulator.dialects.bitbucket.limits import ANONYMOUS_LIMIT, limit_headers, limits_of
from forge_emulator.dialects.bitbucket.places import Places
from forge_emulator.dialects.bitbucket.replies import error_response, finish
from forge_emulator.dialects.bitbucket.urls import API, urls_of
from forge_emulator.git import GitError

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.dialects.bitbucket.routes import ScopedRoute
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.store import Hook
    from forge_emulator.world import World

logger = logging.getLogger(__name__)


class _AnyPath(BaseConverter):
    """The rest of a path, whatever characters it holds."""

    part_isolating = False
    regex = r"(?s:.*)"


class Bitbucket:
    """The dialect of one emulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._places = Places()
        self._limits = limits_of(world)
        self._routes: Map = Map(
            [
                Rule(route.path, endpoint=route, methods=[route.method], merge_slashes=False)
                for route in rest.ROUTES
            ],
            converters={"any_path": _AnyPath},
            strict_slashes=False,
            merge_slashes=False,
        )

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        return "rest" if request.path.startswith(f"{API}/") else "other"

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
            logger.exception("bitbucket.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500))
        return finish(response)

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        return deliveries.deliveries(self._world, change, hook)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer of the API, or of the fault in its place."""
        if fault is not None and fault.kind == "status":
            return faults.status(fault)
        if oauth.is_token_request(request):
            return oauth.answer(self._world, request)
        call = self._call(request)
        if fault is not None and fault.kind in faults.LIMITS:
            return faults.limited()
        found = self._route(request.method, request.path)
        resource = "api" if found is None else found[0].resource
        if self._limits is None or resource is None:
            return self._run(call, found)
        return self._counted(call, found, resource)

    def _counted(
        self, call: Call, found: tuple[ScopedRoute, dict[str, object]] | None, resource: str
    ) -> Response:
        if self._limits is None:
            return self._run(call, found)
        ceiling = ANONYMOUS_LIMIT if call.credential is None else None
        usage = self._limits.look(call.caller, resource, ceiling)
        refused = usage.remaining == 0
        response = faults.limited() if refused else self._run(call, found)
        usage = self._limits.take(call.caller, resource, int(not refused), ceiling)
        if call.credential is not None and call.credential.kind == "access_token":
            limit_headers(response, usage, resource)
        return response

    def _run(self, call: Call, found: tuple[ScopedRoute, dict[str, object]] | None) -> Response:
        try:
            if found is None:
                raise not_found()
            route, arguments = found
            call.demand(route.scope)
            response: Response = route.handler(call, **arguments)
        except ApiError as error:
            response = error_response(error)
        if call.credential is not None and call.credential.identity.scopes:
            response.headers["X-OAuth-Scopes"] = ", ".join(call.credential.identity.scopes)
        return response

    def _call(self, request: Request) -> Call:
        """The request with its caller; raises `ApiError` 401 for a credential not accepted."""
        try:
            credential = credential_of(self._world, request.headers.get("Authorization", ""))
        except CredentialError as error:
            raise ApiError(401) from error
        return Call(
            world=self._world,
            request=request,
            credential=credential,
            urls=urls_of(request),
            places=self._places,
            address=request.remote_addr or "unknown",
        )

    def _route(self, method: str, path: str) -> tuple[ScopedRoute, dict[str, object]] | None:
        try:
            endpoint, arguments = self._routes.bind("host").match(path, method)
        except (HTTPException, ValueError):  # ValueError: a number of thousands of digits
            return None
        return endpoint, dict(arguments)
