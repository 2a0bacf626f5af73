"""The ``sentry`` command."""

import click

from sentry import __version__
from sentry.runner.base import RootGroup, examples
from sentry.runner.commands.apikey import apikey
from sentry.runner.commands.config import config
from sentry.runner.commands.createuser import createuser
from sentry.runner.commands.database import database
from sentry.runner.commands.demo import demo
from sentry.runner.commands.devserver import devserver
from sentry.runner.commands.django import django
from sentry.runner.commands.doctor import doctor
from sentry.runner.commands.features import features
from sentry.runner.commands.group import group
from sentry.runner.commands.init import init
from sentry.runner.commands.integration import integration
from sentry.runner.commands.keys import keys
from sentry.runner.commands.member import member
from sentry.runner.commands.organization import organization
from sentry.runner.commands.project import project
from sentry.runner.commands.repository import repository
from sentry.runner.commands.run import run
from sentry.runner.commands.tasks import tasks
from sentry.runner.commands.team import team
from sentry.runner.commands.token import token
from sentry.runner.commands.upgrade import upgrade
from sentry.runner.commands.webhook import webhook


@click.group(
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "sentry init",
        "sentry organization create 'My company'",
        "sentry run web --port 9000",
    ),
)
@click.version_option(__version__, prog_name="sentry")
def cli() -> None:
    """Connects the errors of running software to the source code that caused them."""


for _command in (
    init,
    upgrade,
    devserver,
    run,
    doctor,
    demo,
    django,
    createuser,
    organization,
    team,
    member,
    project,
    group,
    apikey,
    token,
    integration,
    repository,
    webhook,
    tasks,
    keys,
    config,
    features,
    database,
):
    cli.add_command(_command)


def main() -> None:
    """The entry point: exit status 0 done, 1 the work failed, 2 wrong usage."""
    cli(prog_name="sentry")


if __name__ == "__main__":
    main()
