"""The background work of the platform, by category. Thin: a task calls an action.

Every task is imported here: what is not, no worker knows.
"""

from sentry.tasks.maintenance import sweep_expired
from sentry.tasks.mirrors import prepare_mirror
from sentry.tasks.repositories import delete_repository, sweep_deletions, sync_repositories
from sentry.tasks.webhooks import handle_webhook, sweep_webhooks

__all__ = [
    "delete_repository",
    "handle_webhook",
    "prepare_mirror",
    "sweep_deletions",
    "sweep_expired",
    "sweep_webhooks",
    "sync_repositories",
]
