"""GitHub: REST, GraphQL and git over HTTP, also in the form of GitHub Enterprise Server.

Here a request is authenticated, counted against its limit and routed; the answer gets the headers
that every answer of GitHub has.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from forge_emulator.auth import CredentialError, Identity, JwtError, presented
from forge_emulator.dialects.github import git_http, graphql, rest
from forge_emulator.dialects.github.call import ANONYMOUS_LIMIT, Call, json_response
from forge_emulator.dialects.github.errors import (
    LIMIT_DOCS,
    ApiError,
    bad_credentials,
    not_found,
    secondary_limit,
)
from forge_emulator.dialects.github.urls import ENTERPRISE, urls_of
from forge_emulator.git import GitError
from forge_emulator.limits import Allowance, RateLimits, Usage

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.dialects.github.routes import Route
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.world import World

_BY_ID = re.compile(r"/repositories/(?P<id>\d{1,18})/(?P<rest>.+)")
_BY_NAME = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)/(?P<rest>.+)")
_API_VERSIONS = {"", "2022-11-28", "2026-03-10"}
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_SECONDARY_WAIT = 60
_USUAL_LIMIT = 5000

logger = logging.getLogger(__name__)


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
        )
        self._limits = None if world.rate_limit is None else _limits(world, world.rate_limit)

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        if request.path in {"/graphql", "/api/graphql"}:
            return "graphql"
        return "other" if self._route(request.method, self._path(request)) is None else "rest"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if git_http.is_git(request):
            if fault is not None and fault.kind == "status":
                return _finish(_status_fault(fault))
            refuse = fault is not None and fault.kind == "refuse_partial_clone"
            return git_http.answer(self._world, request, partial_clone=not refuse)
        try:
            response = self._checked(request, fault)
        except ApiError as error:
            response = error_response(error)
        except GitError as error:  # the repository on disk is damaged or gone
            logger.exception("github.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500))
        return _finish(response)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer of an API, or of the fault in its place."""
        if not request.headers.get("User-Agent"):
            raise ApiError(403, "Request forbidden by administrative rules.")
        if request.headers.get("X-GitHub-Api-Version", "") not in _API_VERSIONS:
            raise ApiError(400, "The API version in X-GitHub-Api-Version is not supported.")
        if fault is not None and fault.kind == "status":
            return _status_fault(fault)
        if fault is not None and fault.kind == "rate_limit_secondary":
            wait = int(fault.seconds or _SECONDARY_WAIT)
            return self._with_limit(
                error_response(secondary_limit(fault.status or 403, wait)),
                self._call(request, None),
                "core",
            )
        call = self._call(request, self._identity(request))
        is_graphql = self.kind_of(request) == "graphql"
        if fault is not None and fault.kind == "rate_limit_primary":
            return self._primary_limit(call, fault, is_graphql=is_graphql)
        return self._graphql(call, fault) if is_graphql else self._rest(call)

    def _primary_limit(self, call: Call, fault: Fault, *, is_graphql: bool) -> Response:
        """No points left: GraphQL says so inside a 200, unless the fault names a status."""
        limit = self._world.rate_limit or _USUAL_LIMIT
        usage = Usage(limit=limit, used=limit, reset=self._world.clock() + _HOUR)
        if is_graphql and fault.status is None:
            return _limit_headers(graphql.rate_limited(call), usage, "graphql")
        resource = "graphql" if is_graphql else "core"
        return self._exhausted(call, resource, usage, fault.status or 403)

    def _rest(self, call: Call) -> Response:
        path = self._path(call.request)
        found = self._route(call.request.method, path)
        resource = "core" if found is None else found[0].resource
        if resource is None or self._limits is None:
            return self._run(call, found)
        ceiling = call.ceiling(resource)
        if self._limits.look(call.caller, resource, ceiling).remaining == 0:
            usage = self._limits.look(call.caller, resource, ceiling)
            return self._exhausted(call, resource, usage)
        response = self._run(call, found)
        counted = response.status_code != 304  # noqa: PLR2004 - Not Modified is free
        usage = self._limits.take(call.caller, resource, int(counted), ceiling)
        return _limit_headers(response, usage, resource)

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
        if self._limits.look(call.caller, "graphql").remaining == 0:
            usage = self._limits.look(call.caller, "graphql")
            return _limit_headers(graphql.rate_limited(call), usage, "graphql")
        cost = graphql.cost(call)
        usage = self._limits.take(call.caller, "graphql", cost)
        return _limit_headers(graphql.answer(call, fault, (usage, cost)), usage, "graphql")

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
        return (
            path if match is None or found is None else f"/repos/{found.full_name}/{match['rest']}"
        )

    def _public_path(self, request: Request) -> str:
        """The path that `Link` shows: a repository goes by its id there, as on the host."""
        path = self._path(request)
        match = _BY_NAME.fullmatch(path)
        found = self._world.repositories.by_name(match["name"]) if match else None
        if match is None or found is None:
            return path
        return f"/repositories/{found.id}/{match['rest']}"

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, object]] | None:
        try:
            endpoint, arguments = self._routes.bind("host").match(path, method)
        except (HTTPException, ValueError):  # ValueError: a number of thousands of digits
            return None
        return endpoint, dict(arguments)

    def _exhausted(self, call: Call, resource: str, usage: Usage, status: int = 403) -> Response:
        who = call.address if call.identity is None else f"user ID {call.identity.id}"
        message = f"API rate limit exceeded for {who}."
        error = ApiError(status, message, documentation_url=LIMIT_DOCS)
        return _limit_headers(error_response(error), usage, resource)

    def _with_limit(self, response: Response, call: Call, resource: str) -> Response:
        if self._limits is None:
            return response
        return _limit_headers(response, self._limits.look(call.caller, resource), resource)


def _limits(world: World, points: int) -> RateLimits:
    """GitHub's resources; searches are counted by the minute."""
    allowances = {
        "core": Allowance(limit=points, window=_HOUR),
        "search": Allowance(limit=min(points, 30), window=_MINUTE),
        "code_search": Allowance(limit=min(points, 10), window=_MINUTE),
        "graphql": Allowance(limit=points, window=_HOUR),
    }
    return RateLimits(allowances, world.clock)


def error_response(error: ApiError) -> Response:
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    return response


def conditional(request: Request, response: Response) -> Response:
    """Give a readable answer its `ETag`, and answer 304 where the caller has it already."""
    if request.method not in {"GET", "HEAD"} or response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    digest = hashlib.sha256(response.get_data()).hexdigest()
    response.headers["ETag"] = f'W/"{digest}"'
    response.headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
    if request.if_none_match.contains_weak(digest):
        kept = {name: value for name, value in response.headers if name != "Content-Length"}
        return Response(status=304, headers=kept)
    return response


def _status_fault(fault: Fault) -> Response:
    """GitHub's own form of an error status, unless the fault brings a body."""
    status = fault.status or 500
    response = error_response(ApiError(status))
    if fault.body is not None:
        response = Response(fault.body, status)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response


def _limit_headers(response: Response, usage: Usage, resource: str) -> Response:
    response.headers["x-ratelimit-limit"] = str(usage.limit)
    response.headers["x-ratelimit-remaining"] = str(usage.remaining)
    response.headers["x-ratelimit-used"] = str(usage.used)
    response.headers["x-ratelimit-reset"] = str(int(usage.reset.timestamp()))
    response.headers["x-ratelimit-resource"] = resource
    return response


def _finish(response: Response) -> Response:
    response.headers["Server"] = "github.com"
    response.headers["x-github-request-id"] = secrets.token_hex(16).upper()
    response.headers.setdefault("x-github-media-type", "github.v3; format=json")
    response.headers["x-content-type-options"] = "nosniff"
    return response


__all__ = ["ANONYMOUS_LIMIT", "GitHub"]
