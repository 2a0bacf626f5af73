"""``sentry keys``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from typing import TYPE_CHECKING

import click

from sentry.runner.base import PlatformCommand, examples

if TYPE_CHECKING:
    from pathlib import Path

_FROM_ENVIRONMENT = """\
the encryption keys come from SENTRY_ENCRYPTION_KEYS, which this command cannot change. To rotate:
  1. put the output of `sentry keys generate` and a comma before the keys that are there;
  2. start all processes again with it;
  3. run `sentry keys rotate --no-new-key`: it encrypts everything with the first key;
  4. run `sentry keys rotate --no-new-key --drop-old`: it says when the other keys may go."""


@click.group(epilog=examples("sentry keys rotate"))
def keys() -> None:
    """The keys that encrypt the credentials of integrations in the database."""


@keys.command(
    "generate",
    epilog=examples('SENTRY_ENCRYPTION_KEYS="$(sentry keys generate),$SENTRY_ENCRYPTION_KEYS"'),
)
def generate() -> None:
    """Print a new encryption key. Nothing is stored or changed."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode("ascii"))


@keys.command(
    "rotate",
    cls=PlatformCommand,
    epilog=examples("sentry keys rotate", "sentry keys rotate --no-new-key --drop-old"),
)
@click.option("--no-new-key", is_flag=True, help="Make no key: encrypt with the first one again.")
@click.option(
    "--drop-old",
    is_flag=True,
    help="Remove all keys but the first, if nothing stored needs them. First restart all servers.",
)
@click.option(
    "--batch-size",
    default=200,
    show_default=True,
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Values that are read at a time.",
)
def rotate(*, no_new_key: bool, drop_old: bool, batch_size: int) -> None:
    """Put a new key first, and encrypt everything stored with it.

    Old keys stay in the key file, so that it may be stopped at any time and run again, and so that
    running servers, which read the new key when they meet it, may go on. With --drop-old they are
    removed, provided that nothing needs them.
    """
    from django.conf import settings

    from sentry.actions.encryption_keys import rotate_key_file

    path: Path | None = settings.ENCRYPTION_KEYS_FILE
    if path is None:
        _rotate_environment(no_new_key=no_new_key, drop_old=drop_old, batch_size=batch_size)
        return
    done = rotate_key_file(path, make_key=not no_new_key, drop_old=drop_old, batch_size=batch_size)
    click.echo(f"{done.reencrypted} values encrypted anew, {done.unchanged} as they were")
    if not no_new_key:
        click.echo(f"a new key stands first in {path}")
    if drop_old:
        click.echo(f"removed {done.dropped_keys} old keys from {path}")


def _rotate_environment(*, no_new_key: bool, drop_old: bool, batch_size: int) -> None:
    from django.conf import settings

    from sentry.actions.encryption_keys import check_old_keys_unused, reencrypt_all

    if not no_new_key:
        raise click.ClickException(_FROM_ENVIRONMENT)
    result = reencrypt_all(settings.ENCRYPTION_KEYS, batch_size=batch_size)
    click.echo(f"{result.reencrypted} values encrypted anew, {result.unchanged} as they were")
    if drop_old:
        check_old_keys_unused(settings.ENCRYPTION_KEYS)
        click.echo("nothing needs the old keys: keep only the first in SENTRY_ENCRYPTION_KEYS")
