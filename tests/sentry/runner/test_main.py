"""The command as a whole: help, version, exit statuses, errors, and its page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, OperationalError, ProgrammingError

import sentry as package
from sentry.integrations.source_code_management.errors import HostUnavailable, NotFound
from sentry.runner.errors import expected_errors
from sentry.runner.main import cli
from sentry.utils.encryption import WrongEncryptionKeyError
from tests.sentry.runner.conftest import Sentry

PAGE = Path(__file__).parents[3] / "docs/commands.md"


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, f"{path} {name}")


ALL = dict(walk(cli, "sentry"))
NAMED = [path for path in ALL if path != "sentry"]


def test_version(sentry: Sentry) -> None:
    assert sentry("--version").output == f"sentry, version {package.__version__}\n"


@pytest.mark.parametrize("path", [path for path in ALL if path != "sentry django"])
def test_every_command_has_help_with_an_example(sentry: Sentry, path: str) -> None:
    words = path.split()[1:]
    output = sentry(*words, "--help").output
    assert output.startswith(f"Usage: {path} ")
    examples = output.partition("Examples:\n")[2]
    assert "sentry " in examples
    assert sentry(*words, "-h").output == output


def test_examples_name_commands_and_options_that_exist() -> None:
    for path, command in ALL.items():
        lines = (command.epilog or "").partition("Examples:\n")[2].strip().splitlines()
        assert lines, path
        for line in lines:
            path_of_line = "sentry"
            for word in re.split(r"[\s)]+", re.split(r"(?<![/\w])sentry ", line)[1]):
                if f"{path_of_line} {word}" not in ALL:
                    break
                path_of_line += f" {word}"
            assert path_of_line.startswith(path), line
            named = ALL[path_of_line]
            known = {text for each in named.params for text in (*each.opts, *each.secondary_opts)}
            assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= known, line


@pytest.mark.parametrize("path", NAMED)
def test_every_command_is_on_the_page_with_all_its_options(path: str) -> None:
    found = re.search(rf"^#+ {path}\n(.*?)(?=^#+ |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{path} is not in docs/commands.md"
    section = found.group(1)
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            for name in (*parameter.opts, *parameter.secondary_opts):
                assert re.search(rf"{name}\b", section), f"{path} {name}"


def test_the_page_describes_no_command_that_is_gone() -> None:
    headings = re.findall(r"^#+ (sentry .*)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(NAMED)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["organization", "create"],
        ["organization", "create", "A", "--nonsense"],
        ["project", "create", "Shop"],
        ["apikey", "revoke", "zero", "--organization", "acme"],
        ["run", "web", "--port", "65536"],
        ["run", "web", "--server", "apache"],
        ["member", "add", "--organization", "a", "--user", "b", "--role", "king"],
    ],
)
def test_wrong_usage_is_exit_status_2(sentry: Sentry, words: list[str]) -> None:
    result = sentry(*words, status=2)
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_help_loads_neither_django_nor_the_servers() -> None:
    program = """
import sys
from sentry.runner.main import cli
cli(["organization", "create", "--help"], standalone_mode=False)
heavy = {"django", "granian", "gunicorn", "httpx", "pydantic", "cryptography", "redis"}
print("loaded:", sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "loaded: []"


def caused(error: Exception, cause: str) -> Exception:
    error.__cause__ = type(cause, (Exception,), {})()
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotFound("organization 'x'"), "organization 'x' not found"),
        (HostUnavailable("the host does not answer"), "the host does not answer"),
        (ImproperlyConfigured("SOME_SETTING: expected"), "SOME_SETTING: expected"),
        (ValueError("SENTRY_OPTION_X: expected"), "SENTRY_OPTION_X: expected"),
        (WrongEncryptionKeyError(), "a stored credential cannot be decrypted"),
        (OperationalError("no such table: sentry_organization"), "run `sentry upgrade`"),
        (caused(ProgrammingError("relation"), "UndefinedTable"), "run `sentry upgrade`"),
        (OperationalError("database is locked"), "locked by another process"),
        (OperationalError("connection to me:hunter2@db failed"), "the database does not answer"),
    ],
)
def test_expected_errors_become_one_message(error: Exception, message: str) -> None:
    with pytest.raises(click.ClickException) as caught, expected_errors():
        raise error
    assert message in caught.value.message
    assert "hunter2" not in caught.value.message
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "error", [KeyError("x"), DataError("x"), click.UsageError("x"), click.exceptions.Exit(1)]
)
def test_other_errors_rise_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, expected_errors():
        raise error
    assert caught.value is error
