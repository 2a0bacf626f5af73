"""The database as commands see it: reachable or not, migrated or not."""

import time
from typing import Protocol, runtime_checkable

from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from sentry.db.probe import check_connection
from sentry.integrations.source_code_management.errors import ServiceUnavailable

_PAUSE = 0.5


@runtime_checkable
class PooledConnection(Protocol):
    """A database connection that may stand on a pool: PostgreSQL's."""

    def close_pool(self) -> None:
        """Closes the pool's connections."""
        ...


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


def close_connections() -> None:
    """Closes every connection of this process, pooled ones too: it is about to be forked."""
    for each in connections.all(initialized_only=True):
        each.close()
        if isinstance(each, PooledConnection):
            each.close_pool()
