"""``sentry integration``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from sentry.integrations.source_code_management.types import ProviderKey
from sentry.runner.base import (
    PlatformCommand,
    RowId,
    examples,
    json_option,
    operator_of,
    organization_option,
)
from sentry.runner.output import show_created, show_list
from sentry.runner.secret_files import EXISTING_FILE, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable


@click.group(epilog=examples("sentry integration list --organization acme"))
def integration() -> None:
    """Add, update and list integrations: the source-code hosts of an organization."""


_CREDENTIAL_OPTIONS = (
    click.option("--token-file", type=EXISTING_FILE, help="A file that holds an access token."),
    click.option("--token-stdin", is_flag=True, help="Read an access token from standard input."),
    click.option("--app-id", metavar="ID", help="The id of an App, instead of a token."),
    click.option("--installation-id", metavar="ID", help="The App's installation."),
    click.option("--private-key-file", type=EXISTING_FILE, help="The App's private key (PEM)."),
    click.option(
        "--credential-file",
        type=EXISTING_FILE,
        help="A credential of any other kind, as JSON.",
    ),
    click.option("--credential-stdin", is_flag=True, help="Read such JSON from standard input."),
    click.option(
        "--verify/--no-verify",
        default=True,
        show_default=True,
        help="Ask the host whose credential it is, and what it lacks, before anything is stored.",
    ),
)


def _credential_options[F: "Callable[..., object]"](function: F) -> F:
    """Adds the options that ``_credential`` reads, and ``--verify``."""
    for option in reversed(_CREDENTIAL_OPTIONS):
        function = option(function)
    return function


class _Credential(TypedDict):
    """What the options of a credential hold."""

    token_file: Path | None
    token_stdin: bool
    app_id: str | None
    installation_id: str | None
    private_key_file: Path | None
    credential_file: Path | None
    credential_stdin: bool


def _credential(**given: Unpack[_Credential]) -> dict[str, object]:
    """The credential, in the shape that the provider's metadata model checks.

    Raises:
        click.UsageError: none or several kinds of credential were given, or half an App.
        click.ClickException: a file is empty or no text, or not the JSON that is expected.
    """
    if given["token_stdin"] and given["credential_stdin"]:
        raise click.UsageError("give a token or a credential by standard input, not both")
    token = read_secret(what="token", file=given["token_file"], stdin=given["token_stdin"])
    other = read_secret(
        what="credential", file=given["credential_file"], stdin=given["credential_stdin"]
    )
    private_key = read_secret(what="private key", file=given["private_key_file"], stdin=False)
    app = {
        "app_id": given["app_id"],
        "installation_id": given["installation_id"],
        "private_key": private_key,
    }
    parts = [value is not None for value in app.values()]
    if [token is not None, other is not None, any(parts)].count(True) != 1:
        raise click.UsageError(
            "give a token (--token-file or --token-stdin), an App (--app-id, --installation-id,"
            " --private-key-file) or another credential (--credential-file or --credential-stdin)"
        )
    if any(parts) and not all(parts):
        raise click.UsageError("an App needs --app-id, --installation-id and --private-key-file")
    if other is not None:
        return _of_json(other)
    return {"app": app} if token is None else {"token": token}


def _of_json(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise click.ClickException("the credential is not a JSON object")
    return value


@integration.command(
    "add",
    cls=PlatformCommand,
    epilog=examples(
        "sentry integration add --organization acme --provider github --token-file github.token",
        "sentry integration add --organization acme --provider github --app-id 12"
        " --installation-id 345 --private-key-file app.pem",
        "sentry integration add --organization acme --provider bitbucket_server"
        " --base-url https://git.example --credential-file login.json",
    ),
)
@organization_option
@click.option(
    "--provider",
    required=True,
    type=click.Choice([key.value for key in ProviderKey]),
    help="The kind of host.",
)
@click.option(
    "--name", default="", metavar="TEXT", help="What to call it; its account where not given."
)
@click.option("--base-url", metavar="URL", help="The host's API; the public one where not given.")
@click.option("--web-url", metavar="URL", help="The host's pages; the public ones where not given.")
@_credential_options
@json_option
def add(
    *,
    organization: str,
    provider: str,
    name: str,
    base_url: str | None,
    web_url: str | None,
    verify: bool,
    as_json: bool,
    **credential: Unpack[_Credential],
) -> None:
    """Add an integration; an account that is known gets the new credential.

    Credentials are read from a file or standard input, and stored encrypted once the host has told
    whose they are. A permission that is missing is named, and nothing is stored.
    """
    from sentry.integrations.source_code_management.actions.integrations import add_integration

    urls = {"base_url": base_url, "web_url": web_url}
    host = {key: url for key, url in urls.items() if url is not None}
    made = add_integration(
        operator_of(organization),
        provider=provider,
        metadata=_credential(**credential) | host,
        name=name,
        verify=verify,
    )
    text = f"added {made.provider} integration {made.name} (id {made.id})"
    show_created(made, text, as_json=as_json)


@integration.command(
    "update",
    cls=PlatformCommand,
    epilog=examples("sentry integration update 1 --organization acme --token-file github.token"),
)
@click.argument("number", metavar="ID", type=RowId())
@organization_option
@_credential_options
@json_option
def update(
    *,
    number: int,
    organization: str,
    verify: bool,
    as_json: bool,
    **credential: Unpack[_Credential],
) -> None:
    """Give the integration with this ID another credential; one that is broken is mended by it.

    Its id, its name, its host and its repositories stay as they are.
    """
    from sentry.integrations.source_code_management.actions.integrations import replace_credential

    made = replace_credential(
        operator_of(organization),
        integration_id=number,
        metadata=_credential(**credential),
        verify=verify,
    )
    text = f"updated {made.provider} integration {made.name} (id {made.id})"
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
    show_list(
        found, ["id", "provider", "name", "external_id", "state", "broken_reason"], as_json=as_json
    )
