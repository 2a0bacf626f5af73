"""The emulator as a program."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from pathlib import Path

import click

from forge_emulator.auth import AppCredentials
from forge_emulator.dialects import DIALECTS
from forge_emulator.emulator import Emulator
from forge_emulator.git import GitError, find_git_dir
from forge_emulator.repositories import HostedRepository


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="forge-emulator")
@click.option(
    "--repo",
    "repositories",
    multiple=True,
    required=True,
    metavar="PATH[=OWNER/NAME]",
    help="A git repository to host, bare or with a work tree. Without a name it is called"
    " local/DIRECTORY. May be given more than once.",
)
@click.option("--private", is_flag=True, help="Show the repositories to known callers only.")
@click.option(
    "--dialect", type=click.Choice(sorted(DIALECTS)), default="github", show_default=True,
    help="Whose API to speak.",
)  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default="a free one",
    help="The port to listen on.",
)  # fmt: skip
@click.option(
    "--token-file", type=click.Path(path_type=Path), help="Accept the token in this file."
)
@click.option("--token-env", metavar="NAME", help="Accept the token in this variable.")
@click.option(
    "--token-out",
    type=click.Path(path_type=Path),
    help="Make a token and write it to this new file, mode 600.",
)
@click.option("--login", default="octocat", show_default=True, help="Whose token it is.")
@click.option("--app-id", help="Accept JSON web tokens of this app, installed as number 1.")
@click.option(
    "--app-public-key", type=click.Path(path_type=Path), help="The app's public key, as PEM."
)
@click.option(
    "--rate-limit", type=click.IntRange(1), show_default="the host's own",
    help="Requests (and GraphQL points) an hour for each caller.",
)  # fmt: skip
@click.option("--no-rate-limit", is_flag=True, help="No limits, and no headers about them.")
@click.option(
    "--search-lag", type=click.FloatRange(0), default=0.0, show_default=True,
    help="Seconds until something new is found by a search.",
)  # fmt: skip
@click.option("--allow-push", is_flag=True, help="Take pushes over HTTP.")
@click.option("--control", is_flag=True, help="Open /_emulator/ (log and faults) to this machine.")
def main(
    *,
    repositories: tuple[str, ...],
    private: bool,
    dialect: str,
    host: str,
    port: int,
    token_file: Path | None,
    token_env: str | None,
    token_out: Path | None,
    login: str,
    app_id: str | None,
    app_public_key: Path | None,
    rate_limit: int | None,
    no_rate_limit: bool,
    search_lag: float,
    allow_push: bool,
    control: bool,
) -> None:
    """Serve a source-code host's HTTP API over real git repositories.

    Prints one line, "listening on http://HOST:PORT", when it is ready, and ends on SIGINT or
    SIGTERM. Without a credential all callers are anonymous: they read public repositories over
    REST and git, under a low limit.
    Secrets are read from files and variables, never from arguments.
    """
    hosted = [_hosted(value, private=private) for value in repositories]
    tokens = _tokens(token_file, token_env)
    try:
        emulator = Emulator(
            dialect,
            hosted,
            tokens=dict.fromkeys(tokens, (login,)),
            app=_app(app_id, app_public_key),
            rate_limit=None if no_rate_limit else rate_limit or "usual",
            search_lag=search_lag,
            allow_push=allow_push,
            control=control,
            host=host,
            port=port,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if token_out is None and not tokens and app_id is None:
        click.echo(
            "no credential is accepted: see --token-out, --token-file, --token-env", err=True
        )
    if token_out is not None:
        emulator.add_token(_generate(token_out), login)
    _serve(emulator, host, port)


def _serve(emulator: Emulator, host: str, port: int) -> None:
    """Run until a signal comes."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: done.set())
    try:
        emulator.start()
    except (OSError, SystemExit) as error:  # werkzeug exits when the port is taken
        raise click.UsageError(f"cannot listen on {host} port {port}") from error
    click.echo(f"listening on {emulator.url}")
    done.wait()
    emulator.stop()


def _hosted(value: str, *, private: bool) -> HostedRepository:
    """A repository from `PATH[=OWNER/NAME]`; a usage error when there is none."""
    path, equals, name = value.rpartition("=")
    if not equals or "/" not in name or Path(value).exists():
        path, name = value, f"local/{Path(value).resolve().name.removesuffix('.git')}"
    try:
        hosted = HostedRepository(full_name=name, path=path, private=private)
        find_git_dir(Path(path).absolute())
    except GitError as error:
        raise click.UsageError(f"there is no git repository at {path!r}") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return hosted


def _tokens(file: Path | None, variable: str | None) -> list[str]:
    """The tokens to accept, from wherever they were said to be."""
    found = []
    if file is not None:
        found.append(_read(file, "token"))
    if variable is not None:
        found.append(os.environ.get(variable, "").strip())
        if not found[-1]:
            raise click.UsageError(f"the variable {variable} is not set")
    return found


def _generate(out: Path) -> str:
    token = f"ghp_{secrets.token_urlsafe(27)}"
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.UsageError(f"cannot create {out}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(f"{token}\n")
    return token


def _app(app_id: str | None, public_key: Path | None) -> AppCredentials | None:
    if (app_id is None) != (public_key is None):
        raise click.UsageError("--app-id and --app-public-key go together")
    if app_id is None or public_key is None:
        return None
    key = _read(public_key, "public key")
    return AppCredentials(app_id=app_id, public_key_pem=key, installations={"1": "all"})


def _read(path: Path, what: str) -> str:
    try:
        content = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"cannot read the {what} from {path}") from error
    if not content:
        raise click.UsageError(f"the {what} in {path} is empty")
    return content
