"""``sentry demo``."""
# ruff: noqa: PLC0415 - the demonstration's packages are loaded when it runs, not for --help

from pathlib import Path

import click

from sentry.integrations.source_code_management.types import ProviderKey
from sentry.runner.base import examples


@click.command(
    epilog=examples("sentry demo", "sentry demo --provider gitlab --repo ~/src/my-project")
)
@click.option(
    "--provider",
    type=click.Choice([key.value for key in ProviderKey]),
    default=ProviderKey.GITHUB.value,
    show_default=True,
    help="The host that is emulated.",
)
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A git repository with its whole history; this project's own clone where not given.",
)
def demo(*, provider: str, repo: Path | None) -> None:
    """Do the platform's main job on a real git repository and check it against git.

    Works for all six hosts, one at a time: --provider says which one is emulated.

    Starts an emulator of the host's API over the repository and the platform on SQLite, both on
    free loopback ports and in a temporary folder, sets them up with the commands that an operator
    uses, and calls the service with its Python client. What the host cannot do must be refused,
    with the reason that GetCapabilities tells. One wrong fact gives exit status 1.
    """
    try:
        from sentry.runner.demo.run import run_demo
    except ImportError as error:
        raise click.ClickException(
            f"{error.name} is not installed: the demo needs the packages of this repository"
            " (run `make setup`)"
        ) from None
    run_demo(repo, ProviderKey(provider))
