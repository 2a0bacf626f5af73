"""One request after another: who calls, what it counts against, and who answers it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, PathConverter, Rule

from forge_emulator.auth import CredentialError, Identity, JwtError, presented
from forge_emulator.dialects.github import deliveries, faults, git_http, graphql, rest
from forge_emulator.dialects.github.call import Call
from forge_emulator.dialects.github.errors import ApiError, bad_credentials, not_found
from forge_emulator.dialects.github.limits import limits_of
from forge_emulator.dialects.github.replies import (
    conditional,
    error_response,
    finish,
    limit_headers,
)
from forge_emulator.dialects.github.urls import ENTERPRISE, urls_of
from forge_emulator.git import GitError

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.routes import Route
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_BY_ID = re.compile(r"/repositories/(?P<id>\d{1,18})(?P<rest>/.+)?", re.DOTALL)
_BY_NAME = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)(?P<rest>/.+)?", re.DOTALL)
_API_VERSIONS = {"", "2022-11-28", "2026-03-10"}
_GRAPHQL = {"/graphql", "/api/graphql"}

logger = logging.getLogger(__name__)


class _AnyPath(PathConverter):
    """Any number of segments; a file's name may hold line ends."""

    regex = r"[^/](?:.|\n)*?"


class GitHub:
    """The dialect of one emulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: Map = Map(
            [
                Rule(route.path, endpoint=route, methods=[route.method], merge_slashes=False)
                for route in rest.ROUTES
            ],
            strict_slashes=False,
            merge_slashes=False,
            converters={"path": _AnyPath},
        )
        self._limits = limits_of(world)

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        if request.path in _GRAPHQL:
            return "graphql"
        return "other" if self._route(request.method, self._path(request)) is None else "rest"

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
            logger.exception("github.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500))
        return finish(response)

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        return deliveries.deliveries(self._world, change, hook)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer of an API, or of the fault in its place."""
        if not request.headers.get("User-Agent"):
            raise ApiError(403, "Request forbidden by administrative rules.")
        if request.headers.get("X-GitHub-Api-Version", "") not in _API_VERSIONS:
            raise ApiError(400, "The API version in X-GitHub-Api-Version is not supported.")
        is_graphql = request.path in _GRAPHQL
        if fault is not None and fault.kind == "status":
            return faults.status(fault)
        call = self._call(request, self._identity(request))
        if fault is not None and fault.kind == "rate_limit_secondary":
            return faults.secondary(call, fault)
        if fault is not None and fault.kind == "rate_limit_primary":
            return faults.primary_limit(call, fault, is_graphql=is_graphql)
        return self._graphql(call, fault) if is_graphql else self._rest(call)

    def _rest(self, call: Call) -> Response:
        path = self._path(call.request)
        found = self._route(call.request.method, path)
        resource = "core" if found is None else found[0].resource
        if resource is None or self._limits is None:
            return self._run(call, found)
        ceiling = call.ceiling(resource)
        usage = self._limits.look(call.caller, resource, ceiling)
        if usage.remaining == 0:
            return faults.exhausted(call, resource, usage)
        response = self._run(call, found)
        counted = response.status_code != 304  # noqa: PLR2004 - Not Modified is free
        usage = self._limits.take(call.caller, resource, int(counted), ceiling)
        return limit_headers(response, usage, resource)

    def _run(self, call: Call, found: tuple[Route, dict[str, object]] | None) -> Response:
        try:
            if found is None:
                raise not_found()
            route, arguments = found
            response = conditional(call.request, route.handler(call, **arguments))
        except ApiError as error:
            response = error_response(error)
        if call.identity is not None and call.identity.scopes:
            response.headers["x-oauth-scopes"] = ", ".join(call.identity.scopes)
        return response

    def _graphql(self, call: Call, fault: Fault | None) -> Response:
        identity = call.authenticated()
        if identity.kind == "app":
            raise bad_credentials()
        if self._limits is None:
            return graphql.answer(call, fault, None)
        usage = self._limits.look(call.caller, "graphql")
        if usage.remaining == 0:
            return limit_headers(graphql.rate_limited(call), usage, "graphql")
        cost = graphql.cost(call)
        usage = self._limits.take(call.caller, "graphql", cost)
        return limit_headers(graphql.answer(call, fault, (usage, cost)), usage, "graphql")

    def _identity(self, request: Request) -> Identity | None:
        """Who calls; raises `ApiError` 401 for a credential that is not accepted."""
        try:
            secret = presented(request.headers.get("Authorization", ""))
            if secret is None:
                return None
            path = self._path(request)
            if path == "/app" or path.startswith("/app/"):
                return self._world.credentials.identify_app(secret)
            return self._world.credentials.identify(secret)
        except JwtError as error:
            raise ApiError(401, error.reason) from error
        except CredentialError as error:
            raise bad_credentials() from error

    def _call(self, request: Request, identity: Identity | None) -> Call:
        return Call(
            world=self._world,
            request=request,
            identity=identity,
            urls=urls_of(request, self._public_path(request)),
            limits=self._limits,
            address=request.remote_addr or "unknown",
        )

    def _path(self, request: Request) -> str:
        """The path without `/api/v3`; `/repositories/ID/...` stands for `/repos/OWNER/NAME/...`."""
        path = request.path
        if path.startswith(f"{ENTERPRISE}/"):
            path = path.removeprefix(ENTERPRISE)
        match = _BY_ID.fullmatch(path)
        found = self._world.repositories.by_id(int(match["id"])) if match else None
        if match is None or found is None:
            return path
        return f"/repos/{found.full_name}{match['rest'] or ''}"

    def _public_path(self, request: Request) -> str:
        """The path that `Link` and `Location` show: a repository goes by its id there."""
        path = self._path(request)
        match = _BY_NAME.fullmatch(path)
        if match is None:
            return path
        named = self._world.repositories
        found = named.by_name(match["name"]) or named.by_former_name(match["name"])
        return path if found is None else f"/repositories/{found.id}{match['rest'] or ''}"

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, object]] | None:
        try:
            endpoint, arguments = self._routes.bind("host").match(path, method)
        except (HTTPException, ValueError):  # ValueError: a number of thousands of digits
            return None
        return endpoint, dict(arguments)
