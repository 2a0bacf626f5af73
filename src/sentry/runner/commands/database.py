"""``sentry database``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from pathlib import Path

import click

from sentry.runner.base import PlatformCommand, examples
from sentry.runner.secret_files import EXISTING_FILE, NEW_FILE


@click.group(epilog=examples("sentry database backup sentry-backup.db"))
def database() -> None:
    """Save SQLite's database while it is in use, or move it into PostgreSQL."""


@database.command(
    "backup", cls=PlatformCommand, epilog=examples("sentry database backup sentry-backup.db")
)
@click.argument("file", type=NEW_FILE)
def backup(file: Path) -> None:
    """Write SQLite's database into a new FILE (mode 600), while the platform goes on.

    The copy is one moment of the database, and is checked. The key files are not in it: save them
    too. PostgreSQL's databases are saved with pg_dump.
    """
    from sentry.actions.database import backup_sqlite

    size = backup_sqlite(file)
    click.echo(f"wrote {size} bytes to {file}")


@database.command(
    "copy", cls=PlatformCommand, epilog=examples("sentry database copy --from ~/.sentry/sentry.db")
)
@click.option(
    "--from",
    "file",
    required=True,
    type=EXISTING_FILE,
    metavar="FILE",
    help="SQLite's database, which no process has open.",
)
def copy(file: Path) -> None:
    """Copy every row of a SQLite database into the empty one of DATABASE_URL, with its ids.

    Both must be up to date, and the encryption keys those of the SQLite database. Either all is
    copied or nothing; the file stays as it is.
    """
    from sentry.actions.database import copy_from_sqlite

    copied = copy_from_sqlite(file)
    for table in copied:
        if table.rows:
            click.echo(f"copied  {table.rows:>8}  {table.name}")
    click.echo(f"copied {sum(table.rows for table in copied)} rows")
