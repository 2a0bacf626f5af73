"""GitHub's dialect as a company's own server speaks it.

The interfaces lie below `/api/v3` and at `/api/graphql` alone, what is sent and answered names the
server, and limits are off unless they are asked for. Sources: "Using the REST API" and "Webhook
events and payloads" in GitHub Enterprise Server's documentation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from forge_emulator.dialects.github import GitHub, git_http
from forge_emulator.dialects.github.errors import not_found
from forge_emulator.dialects.github.replies import error_response, finish

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.store import Hook
    from forge_emulator.world import World

VERSION = "3.19.0"


class GitHubEnterprise(GitHub):
    """The dialect of one emulator."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._server = world

    def kind_of(self, request: Request) -> Kind:
        return super().kind_of(request) if _is_served(request) else "other"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if _is_served(request):
            response = super().answer(request, fault)
        else:
            response = finish(error_response(not_found()))
        response.headers["x-github-enterprise-version"] = VERSION
        return response

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        named = {
            "X-GitHub-Enterprise-Version": VERSION,
            "X-GitHub-Enterprise-Host": urlsplit(self._server.url).netloc,
        }
        return [
            replace(sent, headers={**sent.headers, **named})
            for sent in super().deliveries(change, hook)
        ]


def _is_served(request: Request) -> bool:
    return request.path.startswith("/api/") or git_http.is_git(request)
