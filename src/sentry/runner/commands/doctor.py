"""``sentry doctor``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner import configure
from sentry.runner.base import examples, json_option
from sentry.runner.check import Check, State
from sentry.runner.errors import message_of
from sentry.runner.output import as_data, show_json


def _setup() -> Check | None:
    """Sets the platform up; a setting that prevents it is the first and only check that fails."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        configure()
    except (ImproperlyConfigured, ValueError) as error:
        return Check(name="settings", state=State.FAIL, text=message_of(error) or "")
    return None


def _checks() -> list[Check]:
    failed = _setup()
    if failed is not None:
        return [failed]
    from sentry.runner.checks import run_checks

    return list(run_checks())


@click.command(epilog=examples("sentry doctor", "sentry doctor --json"))
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look at the installation and say what is wrong and what to do.

    One line for each check: ok, warn or fail. The exit status is 1 where one fails.
    """
    checks = _checks()
    if as_json:
        show_json([as_data(check) for check in checks])
    else:
        for check in checks:
            click.echo(f"{check.state:<4} {check.name}: {check.text}")
    if any(check.state is State.FAIL for check in checks):
        ctx.exit(1)
