"""The Django application."""

from django.apps import AppConfig


class SentryConfig(AppConfig):
    """The one app label of the platform."""

    name = "sentry"
    label = "sentry"

    def ready(self) -> None:
        """Connects what needs the models."""
        from sentry import features  # noqa: F401, PLC0415 - so that its rules get loaded too
        from sentry.auth import signals  # noqa: PLC0415 - models are loaded only now
        from sentry.db import sqlite  # noqa: PLC0415 - likewise

        signals.connect()
        sqlite.connect()
