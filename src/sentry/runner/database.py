"""The database as commands see it: reachable or not, migrated or not."""

import time

from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from sentry.integrations.source_code_management.errors import ServiceUnavailable

_PAUSE = 0.5
_CONNECT_TIMEOUT = 5


def check_connection() -> None:
    """Connects to the database once, beside the pool, which would keep on trying.

    Raises:
        OperationalError: it does not answer, or not to us.
    """
    probe = connection.copy()
    if probe.settings_dict["OPTIONS"].pop("pool", None) is not None:
        probe.settings_dict["OPTIONS"].setdefault("connect_timeout", _CONNECT_TIMEOUT)
    try:
        probe.ensure_connection()
    finally:
        probe.close()


def wait_for_database(seconds: float) -> None:
    """Returns as soon as the database answers; tries for this long, at least once.

    Raises:
        ServiceUnavailable: it did not answer in time.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            check_connection()
        except OperationalError:
            if time.monotonic() + _PAUSE > end:
                raise ServiceUnavailable("the database") from None
            time.sleep(_PAUSE)
        else:
            return


def pending_migrations() -> list[str]:
    """The names of the migrations that are yet to run, as ``app.name``, in their order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate(*, interactive: bool, verbosity: int = 0) -> None:
    """Runs the migrations that are yet to run."""
    call_command("migrate", interactive=interactive, verbosity=verbosity)
