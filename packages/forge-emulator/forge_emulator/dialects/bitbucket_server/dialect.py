"""One request after another: who calls, whether the limit allows it, and who answers it."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.wrappers import Response

from forge_emulator.auth import CredentialError
from forge_emulator.dialects.bitbucket_server import deliveries, git_http, rest
from forge_emulator.dialects.bitbucket_server.auth import identify
from forge_emulator.dialects.bitbucket_server.call import Call
from forge_emulator.dialects.bitbucket_server.errors import (
    ApiError,
    error_response,
    refused_by_server,
    unauthenticated,
)
from forge_emulator.dialects.bitbucket_server.limits import BUCKET_SIZE, FILL_RATE, TokenBuckets
from forge_emulator.dialects.bitbucket_server.urls import Urls, api_path
from forge_emulator.git import GitError
from forge_emulator.routes import Router, encoded_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from forge_emulator.auth import Identity
    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.repositories import Repository
    from forge_emulator.request_log import Kind
    from forge_emulator.store import Hook
    from forge_emulator.world import World

# Tomcat, which the host runs in, takes no separator and no NUL in disguise.
_REFUSED = re.compile(r"%2f|%5c|%00|\\", re.IGNORECASE)
_IN_REPOSITORY = re.compile(r"/projects/[^/?]+/repos/[^/?]+")
_LIMITED = {"rate_limit_primary", "rate_limit_secondary"}

logger = logging.getLogger(__name__)


class BitbucketServer:
    """The dialect of one emulator. The world's rate limit is the size of each user's bucket."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = Router(rest.ROUTES)
        size = world.rate_limit
        self._buckets = (
            None
            if size is None
            else TokenBuckets(size=min(size, BUCKET_SIZE), rate=FILL_RATE, clock=world.clock)
        )

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        path = api_path(encoded_path(request))
        if path is None or self._router.find_encoded(request.method, path) is None:
            return "other"
        return "rest"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if git_http.is_git(request):
            if fault is not None and fault.kind == "status":
                return _status(fault)
            refuse = fault is not None and fault.kind == "refuse_partial_clone"
            return git_http.answer(self._world, request, partial_clone=not refuse)
        if _REFUSED.search(encoded_path(request)):
            return refused_by_server()
        try:
            response = self._checked(request, fault)
        except ApiError as error:
            response = error_response(error)
        except GitError as error:  # the repository on disk is damaged or gone
            logger.exception("bitbucket_server.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500))
        response.headers["X-AREQUESTID"] = f"@{secrets.token_hex(6).upper()}x1x1x0"
        response.headers["Vary"] = "X-AUSERNAME,X-AUSERID,Cookie"
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        return deliveries.deliveries(self._world, change, hook)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer of the API, or of the fault in its place."""
        if fault is not None and fault.kind == "status":
            return _status(fault)
        identity = self._identity(request)
        if fault is not None and fault.kind in _LIMITED:
            raise ApiError(fault.status or 429)
        caller = request.remote_addr or "unknown" if identity is None else identity.login
        if self._buckets is not None and not self._buckets.take(caller):
            raise ApiError(429)
        root = request.host_url.rstrip("/")
        call = Call(world=self._world, request=request, identity=identity, urls=Urls(root=root))
        try:
            response = self._routed(call)
        except ApiError as error:
            response = error_response(error)
        if identity is not None:
            response.headers["X-AUSERID"] = str(identity.id)
            response.headers["X-AUSERNAME"] = quote(identity.login)
        return response

    def _routed(self, call: Call) -> Response:
        path = api_path(encoded_path(call.request))
        found = None if path is None else self._router.find_encoded(call.request.method, path)
        if found is None:
            raise ApiError(404)
        route, arguments = found
        moved = _moved(call, arguments)
        if moved is not None:
            return _to_present_name(call, moved)
        response: Response = route.handler(call, **arguments)
        return response

    def _identity(self, request: Request) -> Identity | None:
        """Who calls; raises `ApiError` 401 for a credential that is not accepted."""
        try:
            return identify(self._world.credentials, request.headers.get("Authorization", ""))
        except CredentialError as error:
            raise unauthenticated() from error


def _moved(call: Call, arguments: Mapping[str, object]) -> Repository | None:
    """The repository that had the name of a path, which is no other's now."""
    if not {"key", "slug"} <= arguments.keys():
        return None
    found = call.world.repositories.by_former_name(f"{arguments['key']}/{arguments['slug']}")
    return found if found is not None and call.sees(found) else None


def _to_present_name(call: Call, found: Repository) -> Response:
    name = f"/projects/{quote(found.hosted.owner)}/repos/{quote(found.hosted.name)}"
    target: str = call.request.environ["REQUEST_URI"]
    location = call.urls.root + _IN_REPOSITORY.sub(lambda _: name, target, count=1)
    return Response(status=301, headers={"Location": location})


def _status(fault: Fault) -> Response:
    """An error status with its usual body, unless the fault brings one."""
    number = fault.status or 500
    response = error_response(ApiError(number))
    if fault.body is not None:
        response = Response(fault.body, number)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response
