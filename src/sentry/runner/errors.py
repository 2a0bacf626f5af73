"""The one place where an error of the work becomes a message for the operator."""

from types import TracebackType

import click

from sentry.integrations.source_code_management.errors import ScmError


class expected_errors:  # noqa: N801 - used as a context manager
    """Turns errors that an operator can act on into one line and exit status 1.

    Everything else rises as it is: it is a fault of the platform and deserves its traceback.
    """

    def __enter__(self) -> None:
        """Does nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raises the message in place of the error."""
        message = None if error is None else message_of(error)
        if message is not None:
            raise click.ClickException(message) from error


def message_of(error: BaseException) -> str | None:
    """What to tell the operator of an error; None where it is none of the expected ones."""
    if isinstance(error, ScmError):
        return error.message
    if isinstance(error, click.exceptions.Exit | click.exceptions.Abort | click.ClickException):
        return None
    # Django is loaded by now, or was about to be: --help never comes here.
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.db import OperationalError, ProgrammingError  # noqa: PLC0415

    if isinstance(error, OperationalError | ProgrammingError):
        return _database_message(error)
    if isinstance(error, ImproperlyConfigured | ValueError) or _is_wrong_key(error):
        return str(error)
    return None


def _is_wrong_key(error: BaseException) -> bool:
    from sentry.utils.encryption import WrongEncryptionKeyError  # noqa: PLC0415

    return isinstance(error, WrongEncryptionKeyError)


def _database_message(error: BaseException) -> str:
    cause = type(error.__cause__).__name__
    if cause in {"UndefinedTable", "UndefinedColumn"} or "no such" in str(error):
        return "the database is not up to date: run `sentry upgrade`"
    if "locked" in str(error):
        return "the database is locked by another process: try again"
    return "the database does not answer: `sentry doctor` says more"
