"""One request after another: who calls, what it counts against, and who answers it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from forge_emulator.auth import CredentialError
from forge_emulator.dialects.vsts import deliveries, entra, faults, git_http, rest
from forge_emulator.dialects.vsts.auth import BearerError, NoCredentialError, identify
from forge_emulator.dialects.vsts.call import Call
from forge_emulator.dialects.vsts.errors import ApiError, unauthorized
from forge_emulator.dialects.vsts.limits import is_near, limit_headers, limits_of
from forge_emulator.dialects.vsts.replies import (
    error_response,
    finish,
    sign_in_page,
    to_sign_in,
)
from forge_emulator.dialects.vsts.workitems import home_of
from forge_emulator.git import GitError
from forge_emulator.routes import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_VERSION = re.compile(r"[4-7]\.[0-9](?P<preview>-preview(\.[0-9]+)?)?")

logger = logging.getLogger(__name__)


class AzureDevOps:
    """The dialect of one emulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.issue_home = lambda found: home_of(found.owner_key)
        self._router = Router(rest.ROUTES)
        self._limits = limits_of(world)

    def kind_of(self, request: Request) -> Kind:
        if git_http.is_git(request):
            return "git"
        return "other" if self._router.find(request.method, request.path) is None else "rest"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if fault is not None and fault.kind == "status":
            return finish(faults.status(fault))
        if git_http.is_git(request):
            refuse = fault is not None and fault.kind == "refuse_partial_clone"
            return git_http.answer(self._world, request, partial_clone=not refuse)
        if entra.is_token_request(request):
            return entra.answer(self._world, request)
        try:
            response = self._checked(request, fault)
        except ApiError as error:
            response = error_response(error)
        except GitError as error:  # the repository on disk is damaged or gone
            logger.exception("vsts.git_failed", extra={"detail": error.detail})
            response = error_response(ApiError(500))
        return finish(response)

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        return deliveries.deliveries(self._world, change, hook)

    def _checked(self, request: Request, fault: Fault | None) -> Response:
        """The answer to a caller who is known; others are sent to sign in."""
        try:
            identity = identify(self._world, request.headers.get("Authorization", ""))
        except NoCredentialError:
            return to_sign_in(request)
        except BearerError as error:
            raise ApiError(401, "TF400813: The token is not valid.") from error
        except CredentialError:
            return sign_in_page()
        if fault is not None and fault.kind == "rate_limit_primary":
            return faults.refused(self._world, fault)
        response = self._limited(request, identity)
        if fault is not None and fault.kind == "rate_limit_secondary":
            return faults.delayed(self._world, fault, response)
        return response

    def _limited(self, request: Request, identity: Identity) -> Response:
        if self._limits is None:
            return self._run(request, identity)
        usage = self._limits.look(identity.login, "core")
        if usage.remaining == 0:
            wait = int((usage.reset - self._world.clock()).total_seconds())
            return faults.exhausted(usage, max(1, wait))
        response = self._run(request, identity)
        usage = self._limits.take(identity.login, "core")
        return limit_headers(response, usage) if is_near(usage) else response

    def _run(self, request: Request, identity: Identity) -> Response:
        found = self._router.find(request.method, request.path)
        if found is None:
            raise ApiError(404, "The requested resource does not support this operation.")
        route, arguments = found
        if not _may(identity, route.resource or "", request.method):
            raise unauthorized(identity.login)
        _check_version(request.args, preview=route.handler in rest.PREVIEWS)
        organization = arguments.pop("organization")
        call = Call(
            world=self._world,
            request=request,
            identity=identity,
            root=f"{request.host_url.rstrip('/')}/{organization}",
        )
        try:
            return route.handler(call, **arguments)
        except ApiError as error:
            return error_response(error)


def _may(identity: Identity, resource: str, method: str) -> bool:
    """Whether a token's scopes reach a resource; one without scopes reaches everything.

    The resource is the scope that reads it ("vso.work"); to change it takes more ("_write"). A
    `pull request query` and other searches are POSTs that read.
    """
    scopes = identity.scopes
    if not scopes or not resource:
        return True
    reads = method == "GET" or not resource.endswith("!")
    resource = resource.removesuffix("!")
    wanted = [f"{resource}{more}" for more in ("_write", "_manage", "_full")]
    return bool({*wanted, *([resource] if reads else [])}.intersection(scopes))


def _check_version(arguments: Mapping[str, str], *, preview: bool) -> None:
    """Raises `ApiError` 400 where the API's version is missing or unknown."""
    version = arguments.get("api-version", "")
    if not version:
        message = "No api-version was supplied for the request."
        raise ApiError(400, message, key="VssVersionNotSpecifiedException")
    match = _VERSION.fullmatch(version)
    if match is None:
        message = f"The requested REST API version of {version} is out of range for this server."
        raise ApiError(400, message, key="VssVersionOutOfRangeException")
    if preview and not match["preview"]:
        message = f'The requested version "{version}" of the resource is under preview.'
        raise ApiError(400, message, key="VssInvalidPreviewVersionException")
