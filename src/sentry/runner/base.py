"""What every command shares: its classes, its common options, and finding the organization."""

from typing import TYPE_CHECKING, Any

import click

from sentry.runner import configure
from sentry.runner.errors import expected_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentry.actions.organizations import Organization
    from sentry.auth.caller import Caller


class RootGroup(click.Group):
    """The ``sentry`` command: maps expected errors to a message and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the chosen command."""
        with expected_errors():
            return super().invoke(ctx)


class PlatformCommand(click.Command):
    """A command that needs the platform: Django is set up when it runs, not for ``--help``."""

    def invoke(self, ctx: click.Context) -> Any:
        """Sets the platform up, then runs."""
        configure()
        return super().invoke(ctx)


class RowId(click.IntRange):
    """The id of a row, from 1; anything else is refused by saying so."""

    name = "id"

    def __init__(self) -> None:
        """Takes every id that a row can have."""
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The id as a number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"expected an id (a whole number from 1), not {value!r}", param, ctx)


def examples(*lines: str) -> str:
    """The end of a command's help: its examples, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def json_option[F: "Callable[..., object]"](function: F) -> F:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def organization_option[F: "Callable[..., object]"](function: F) -> F:
    """Adds ``--organization``, which is needed."""
    return click.option(
        "--organization", required=True, metavar="SLUG", help="The organization's slug."
    )(function)


def find_organization(slug: str) -> "Organization":
    """The organization with this slug.

    Raises:
        NotFound: there is none.
    """
    from sentry.actions.organizations import get_organization  # noqa: PLC0415

    return get_organization(slug)


def operator_of(slug: str) -> "Caller":
    """The operator as a caller in the organization with this slug.

    Raises:
        NotFound: there is none.
    """
    from sentry.actions.operator import operator_in  # noqa: PLC0415

    return operator_in(find_organization(slug).id)
