"""``sentry integration``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from pathlib import Path

import click

from sentry.runner.base import (
    PlatformCommand,
    examples,
    json_option,
    operator_of,
    organization_option,
)
from sentry.runner.output import show_created, show_list
from sentry.runner.secret_files import EXISTING_FILE, read_secret


@click.group(epilog=examples("sentry integration list --organization acme"))
def integration() -> None:
    """Add and list integrations: the source-code hosts of an organization."""


def _metadata(
    urls: dict[str, str | None],
    token: str | None,
    app_id: str | None,
    installation_id: str | None,
    private_key: str | None,
) -> dict[str, object]:
    """The integration's metadata, in the shape that the provider's model checks.

    Raises:
        click.UsageError: neither or both kinds of credential were given, or half an App.
    """
    app = {"app_id": app_id, "installation_id": installation_id, "private_key": private_key}
    given = [value is not None for value in app.values()]
    if (token is not None) == any(given):
        raise click.UsageError(
            "give a token (--token-file or --token-stdin) or an App"
            " (--app-id, --installation-id, --private-key-file)"
        )
    if any(given) and not all(given):
        raise click.UsageError("an App needs --app-id, --installation-id and --private-key-file")
    credential: dict[str, object] = {"app": app} if token is None else {"token": token}
    return credential | {key: url for key, url in urls.items() if url is not None}


@integration.command(
    "add",
    cls=PlatformCommand,
    epilog=examples(
        "sentry integration add --organization acme --provider github --token-file github.token",
        "sentry integration add --organization acme --provider github --app-id 12"
        " --installation-id 345 --private-key-file app.pem",
    ),
)
@organization_option
@click.option("--provider", required=True, metavar="KEY", help="The kind of host: github.")
@click.option("--name", default="", metavar="TEXT", help="What to call it.")
@click.option("--base-url", metavar="URL", help="The host's API; the public one where not given.")
@click.option("--web-url", metavar="URL", help="The host's pages; the public ones where not given.")
@click.option("--token-file", type=EXISTING_FILE, help="A file that holds an access token.")
@click.option("--token-stdin", is_flag=True, help="Read an access token from standard input.")
@click.option("--app-id", metavar="ID", help="The id of an App, instead of a token.")
@click.option("--installation-id", metavar="ID", help="The App's installation.")
@click.option("--private-key-file", type=EXISTING_FILE, help="The App's private key (PEM).")
@click.option(
    "--verify/--no-verify",
    default=True,
    show_default=True,
    help="Ask the host for its first repositories before anything is stored.",
)
@json_option
def add(
    *,
    organization: str,
    provider: str,
    name: str,
    base_url: str | None,
    web_url: str | None,
    token_file: Path | None,
    token_stdin: bool,
    app_id: str | None,
    installation_id: str | None,
    private_key_file: Path | None,
    verify: bool,
    as_json: bool,
) -> None:
    """Add an integration; one of the same identity gets the new credentials.

    Credentials are read from a file or standard input and stored encrypted.
    """
    from sentry.integrations.source_code_management.actions.integrations import add_integration

    metadata = _metadata(
        {"base_url": base_url, "web_url": web_url},
        read_secret(what="token", file=token_file, stdin=token_stdin),
        app_id,
        installation_id,
        read_secret(what="private key", file=private_key_file, stdin=False),
    )
    made = add_integration(
        operator_of(organization), provider=provider, metadata=metadata, name=name, verify=verify
    )
    text = f"added {made.provider} integration {made.name} (id {made.id})"
    show_created(made, text, as_json=as_json)


@integration.command(
    "list", cls=PlatformCommand, epilog=examples("sentry integration list --organization acme")
)
@organization_option
@click.option("--provider", metavar="KEY", help="Only those of this kind.")
@json_option
def list_all(*, organization: str, provider: str | None, as_json: bool) -> None:
    """List the organization's integrations, by name, without their credentials."""
    from sentry.integrations.source_code_management.actions.integrations import list_integrations

    found = list_integrations(operator_of(organization), provider=provider)
    show_list(found, ["id", "provider", "name", "external_id", "state"], as_json=as_json)
