"""What is started at intervals, by one process at a time."""

from collections.abc import Mapping
from datetime import timedelta

SCHEDULE: Mapping[str, timedelta] = {
    "sentry.tasks.sweep_expired": timedelta(minutes=10),
    "sentry.tasks.sweep_deletions": timedelta(minutes=10),
    "sentry.tasks.sweep_webhooks": timedelta(minutes=10),
}
