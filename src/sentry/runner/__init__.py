"""Sets the platform up in a process, and the ``sentry`` command."""

import os
from threading import Lock

_lock = Lock()


def configure() -> None:
    """Makes Django ready. Does nothing where it is, so that every entry point may call it."""
    import django  # noqa: PLC0415 - nothing of Django is loaded before it is asked for
    from django.apps import apps  # noqa: PLC0415

    with _lock:
        if not apps.ready:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentry.conf.settings")
            django.setup()
