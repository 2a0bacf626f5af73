"""The hosts' dialects. A dialect turns requests into answers; all else is common to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from forge_emulator.dialects.bitbucket import Bitbucket
from forge_emulator.dialects.bitbucket_server import BitbucketServer
from forge_emulator.dialects.github import GitHub
from forge_emulator.dialects.github_enterprise import GitHubEnterprise
from forge_emulator.dialects.gitlab import GitLab
from forge_emulator.dialects.vsts import AzureDevOps

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Delivery
    from forge_emulator.faults import Fault
    from forge_emulator.request_log import Kind
    from forge_emulator.store import Hook
    from forge_emulator.world import World


class Dialect(Protocol):
    """How one host speaks."""

    def kind_of(self, request: Request) -> Kind:
        """Which of its interfaces a request is for."""
        ...

    def answer(self, request: Request, fault: Fault | None) -> Response:
        """The answer to a request.

        `fault` is given where the host has a form of its own for it: an error status, a rate
        limit, errors inside a GraphQL answer, a refused partial clone. Never raises for bad input.
        """
        ...


@runtime_checkable
class SendsWebhooks(Protocol):
    """What a dialect has besides, whose host sends webhooks."""

    def deliveries(self, change: Change, hook: Hook) -> list[Delivery]:
        """What a hook is sent of a change, signed as the host signs; nothing where it did not ask.

        Called while the change is announced, so that git and the store are as they then were.
        """
        ...


DIALECTS: dict[str, Callable[[World], Dialect]] = {
    "bitbucket": Bitbucket,
    "bitbucket_server": BitbucketServer,
    "github": GitHub,
    "gitlab": GitLab,
    "vsts": AzureDevOps,
    "github_enterprise": GitHubEnterprise,
}

# Points an hour of the hosts that do not begin with 5000; None: without limits.
USUAL_LIMITS: dict[str, int | None] = {"github_enterprise": None}
