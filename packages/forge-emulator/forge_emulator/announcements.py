"""Hands what happened to the dialect, hook by hook, and what that makes of it to the sender."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from forge_emulator.changes import HookRegistered
from forge_emulator.dialects import SendsWebhooks
from forge_emulator.git import GitError
from forge_emulator.store import Hook

if TYPE_CHECKING:
    from forge_emulator.changes import Change
    from forge_emulator.deliveries import Sender
    from forge_emulator.dialects import Dialect
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

logger = logging.getLogger(__name__)


class Announcer:
    """Every active hook of a repository hears of its changes; an app's hook of all it may see.

    `app_hook` is the address and the secret of the app's own webhook.
    """

    def __init__(self, world: World, dialect: Dialect, sender: Sender) -> None:
        self._world = world
        self._dialect = dialect
        self._sender = sender
        self.app_hook: tuple[str, str] | None = None

    def __call__(self, change: Change) -> None:
        """Send what the dialect makes of a change; a dialect that sends nothing is no error."""
        if not isinstance(self._dialect, SendsWebhooks):
            return
        hooks = [change.hook] if isinstance(change, HookRegistered) else self._hooks(change)
        for hook in (hook for hook in hooks if hook.active):
            try:
                deliveries = self._dialect.deliveries(change, hook)
            except GitError as error:  # the repository on disk is damaged or gone
                logger.exception("deliveries.git_failed", extra={"detail": error.detail})
                continue
            for delivery in deliveries:
                self._sender.send(delivery)

    def _hooks(self, change: Change) -> list[Hook]:
        store = self._world.store
        hooks = store.hooks(change.repository.id) + store.hooks(0)  # 0: for all repositories
        return hooks + self._app_hooks(change.repository)

    def _app_hooks(self, repository: Repository) -> list[Hook]:
        """One for each installation that may see the repository, named in its `config`."""
        credentials = self._world.credentials
        if self.app_hook is None or credentials.app is None:
            return []
        url, secret = self.app_hook
        return [
            Hook(
                id=0,
                repository_id=0,
                active=True,
                events=("*",),
                config={
                    "url": url,
                    "secret": secret,
                    "content_type": "json",
                    "installation": number,
                },
                created_at=self._world.clock(),
            )
            for number in credentials.app.installations
            if credentials.installation(number).grants(repository)
        ]
