"""``sentry features``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from typing import TYPE_CHECKING

import click

from sentry.runner.base import PlatformCommand, examples, find_organization, json_option
from sentry.runner.output import show_created, show_list

if TYPE_CHECKING:
    from collections.abc import Callable

_FLAG = "organizations:integrations-github"


def _organization_option[F: "Callable[..., object]"](function: F) -> F:
    """Adds ``--organization``, which may be left out."""
    option = click.option(
        "--organization", metavar="SLUG", help="Only this organization; all where not given."
    )
    return option(function)


def _id_of(slug: str | None) -> int | None:
    return None if slug is None else find_organization(slug).id


@click.group(epilog=examples("sentry features list", f"sentry features set {_FLAG} --rollout 10"))
def features() -> None:
    """Switch feature flags while the platform runs.

    A flag is set by the environment, else by the organization's own rule, else by the roll-out,
    else it is the default. Running processes see a change within options.refresh-interval.
    """


@features.command(
    "list", cls=PlatformCommand, epilog=examples("sentry features list --organization acme")
)
@_organization_option
@json_option
def list_all(*, organization: str | None, as_json: bool) -> None:
    """List every flag: whether it is on, its roll-out, what it switches."""
    from sentry.actions.features import list_features

    states = list_features(organization_id=_id_of(organization))
    columns = ["name", "enabled", "rollout", "environment", "on_for", "off_for", "help"]
    show_list(states, columns, as_json=as_json)


@features.command(
    "set",
    cls=PlatformCommand,
    epilog=examples(
        f"sentry features set {_FLAG} --off --organization acme",
        f"sentry features set {_FLAG} --rollout 25",
    ),
)
@click.argument("name")
@click.option("--on", "is_on", is_flag=True, help="For --organization, or for all.")
@click.option("--off", "is_off", is_flag=True, help="For --organization, or for all.")
@click.option(
    "--rollout",
    type=click.IntRange(0, 100),
    metavar="N",
    help="On for N percent of all organizations; a higher N only adds some.",
)
@_organization_option
@json_option
def set_rule(
    *,
    name: str,
    is_on: bool,
    is_off: bool,
    rollout: int | None,
    organization: str | None,
    as_json: bool,
) -> None:
    """Switch the flag NAME: for one organization, for all, or for a part of them."""
    from sentry.actions.features import set_feature
    from sentry.actions.operator import OPERATOR

    if [is_on, is_off, rollout is not None].count(True) != 1:
        raise click.UsageError("give one of --on, --off and --rollout")
    if rollout is not None and organization is not None:
        raise click.UsageError("--rollout is for all organizations: leave --organization out")
    percentage = (100 if is_on else 0) if rollout is None else rollout
    state = set_feature(
        name, percentage=percentage, organization_id=_id_of(organization), updated_by=OPERATOR
    )
    word = "on" if percentage else "off"
    whom = organization or (f"{percentage} % of all" if rollout else "all")
    show_created(state, f"{name} is {word} for {whom}", as_json=as_json)


@features.command(
    "delete",
    cls=PlatformCommand,
    epilog=examples(f"sentry features delete {_FLAG} --organization acme"),
)
@click.argument("name")
@_organization_option
def delete(*, name: str, organization: str | None) -> None:
    """Delete what was set of the flag NAME: for one organization, or the rule for all."""
    from sentry.actions.features import delete_feature
    from sentry.actions.operator import OPERATOR

    found = delete_feature(name, organization_id=_id_of(organization), updated_by=OPERATOR)
    done = "deleted the rule" if found else "there is no rule"
    click.echo(f"{done} of {name} for {organization or 'all'}")
