"""Secrets come in by a file or standard input, and go out to a file of mode 600 or once to stdout.

Never as an argument: other users of the machine see the arguments of every process.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

SecretWriter = Callable[[str], None]
EXISTING_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def read_secret(*, what: str, file: Path | None, stdin: bool) -> str | None:
    """The secret without its last line break; None where neither source was chosen.

    Raises:
        click.UsageError: both were chosen.
        click.ClickException: it is empty or no text.
    """
    if file is not None and stdin:
        raise click.UsageError(f"give the {what} by a file or by standard input, not both")
    if file is None and not stdin:
        return None
    try:
        text = sys.stdin.read() if file is None else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the {what} cannot be read as text") from error
    secret = text.strip()
    if not secret:
        raise click.ClickException(f"the {what} is empty")
    return secret


@contextmanager
def new_secret_file(path: Path | None) -> Iterator[SecretWriter | None]:
    """Makes a file of mode 600 for a secret that is about to be made.

    The file is made first, so that no secret is made that cannot be kept, and removed again where
    the block fails. An existing file is never written: it may be readable by others.

    Raises:
        click.ClickException: the file exists or cannot be made.
    """
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} exists: choose another name, or remove it") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be made: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w") as stream:
            yield lambda secret: _write(stream.write, secret)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(write: Callable[[str], int], secret: str) -> None:
    write(secret + "\n")
