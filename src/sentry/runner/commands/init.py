"""``sentry init``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import os
from pathlib import Path

import click

from sentry.runner import configure
from sentry.runner.base import examples


def _folder(path: Path) -> bool:
    """Makes the folder, open to its owner alone; False where it was there."""
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise click.ClickException(f"{path} is no folder") from None
        return False
    except OSError as error:
        raise click.ClickException(f"{path} cannot be made: {error.strerror}") from error
    return True


def _say(made: bool, what: str, where: object) -> None:
    click.echo(f"{'made' if made else 'kept'}  {what}: {where}")


@click.command(epilog=examples("sentry init", "SENTRY_HOME=/srv/sentry sentry init"))
def init() -> None:
    """Prepare a new installation.

    Makes the folder SENTRY_HOME, the key files in it (mode 600, unless the keys come from the
    environment) and the database's tables. What is there already is kept, so that it may be run
    again. Says what it made.
    """
    from sentry.conf import home

    folder = home.sentry_home()
    _say(_folder(folder), "folder", folder)
    files = {
        "SENTRY_SECRET_KEY": ("secret key", home.secret_key_file()),
        "SENTRY_ENCRYPTION_KEYS": ("encryption keys", home.encryption_keys_file()),
    }
    before = {name: path.exists() for name, (_, path) in files.items()}
    configure()
    for name, (what, path) in files.items():
        if os.environ.get(name):
            click.echo(f"kept  {what}: from {name}")
        else:
            _say(not before[name], what, path)
    _prepare_database()


def _prepare_database() -> None:
    from django.db import connection

    from sentry.runner.database import migrate, pending_migrations, wait_for_database

    wait_for_database(0)
    pending = pending_migrations()
    migrate(interactive=False)
    where = connection.settings_dict["NAME"]
    click.echo(f"{'made' if pending else 'kept'}  database: {connection.vendor} {where}")
    click.echo(f"ran   {len(pending)} migrations")
