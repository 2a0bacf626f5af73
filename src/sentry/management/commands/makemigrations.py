"""``sentry django makemigrations``."""

from typing import Any

from django.core.management.commands import makemigrations

from sentry.db import migration_files


class Command(makemigrations.Command):
    """Django's command, which then writes the new migration into the lockfile of a checkout."""

    def handle(self, *app_labels: str, **options: Any) -> None:
        """Makes the migrations, then the lockfile; an installation without one gets none."""
        super().handle(*app_labels, **options)
        checkout = migration_files.checkout()
        if checkout is not None and not (options["dry_run"] or options["check_changes"]):
            migration_files.write_lockfile(checkout)
