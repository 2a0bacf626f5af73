"""Options, read and changed by commands."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentry import options
from sentry.models import Option
from sentry.options.manager import OptionsManager
from sentry.testutils.factories import Factories
from tests.live import BIN, PATIENCE, running
from tests.sentry.runner.conftest import Process, Sentry

pytestmark = pytest.mark.django_db

type SentryJson = Callable[..., Any]


def test_a_value_is_stored_used_listed_and_deleted(sentry: Sentry, sentry_json: SentryJson) -> None:
    assert sentry("config", "get", "auth.cache-ttl").stdout == "5.0\n"
    assert sentry("config", "set", "auth.cache-ttl", "2").stdout == "auth.cache-ttl is 2.0\n"
    assert options.get("auth.cache-ttl") == 2.0
    row = Option.objects.get()
    assert (row.key, row.value, row.updated_by) == ("auth.cache-ttl", 2.0, "the operator")
    state = sentry_json("config", "get", "auth.cache-ttl")
    assert state == {
        "name": "auth.cache-ttl",
        "value": 2.0,
        "source": "database",
        "default": 5.0,
        "settable": True,
        "variable": "SENTRY_OPTION_AUTH_CACHE_TTL",
        "help": "Seconds that a credential is remembered in a process; 0: never.",
    }
    assert sentry_json("config", "set", "auth.cache-ttl", "3")["value"] == 3.0
    assert "deleted the stored value" in sentry("config", "delete", "auth.cache-ttl").stdout
    assert options.get("auth.cache-ttl") == 5.0
    assert "has no stored value" in sentry("config", "delete", "auth.cache-ttl").stdout


def test_the_list_says_where_each_value_comes_from(sentry: Sentry, sentry_json: SentryJson) -> None:
    Factories.create_option(key="idempotency.ttl", value=60)
    listed = {row["name"]: row for row in sentry_json("config", "list")}
    assert list(listed) == [option.name for option in options.all_options()]
    assert (listed["idempotency.ttl"]["value"], listed["idempotency.ttl"]["source"]) == (
        60,
        "database",
    )
    assert listed["auth.cache-ttl"]["source"] == "default"
    head, *rows = sentry("config", "list").stdout.splitlines()
    assert head.split() == ["name", "value", "source", "help"]
    assert any(row.split()[:3] == ["idempotency.ttl", "60", "database"] for row in rows)


def test_a_long_value_comes_from_a_file_or_standard_input(sentry: Sentry, tmp_path: Path) -> None:
    origins = tmp_path / "origins.txt"
    origins.write_text("https://a.example, https://b.example\n")
    sentry("config", "set", "grpc.cors-origins", "--input-file", str(origins))
    assert options.get("grpc.cors-origins") == ["https://a.example", "https://b.example"]
    shown = sentry("config", "get", "grpc.cors-origins").stdout
    sentry("config", "set", "grpc.cors-origins", "--input-file", "-", stdin="https://c.example")
    assert options.get("grpc.cors-origins") == ["https://c.example"]
    sentry("config", "set", "grpc.cors-origins", shown.strip())
    assert options.get("grpc.cors-origins") == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize("words", [[], ["1", "--input-file", "-"]])
def test_a_value_comes_from_one_place(sentry: Sentry, words: list[str]) -> None:
    result = sentry("config", "set", "auth.cache-ttl", *words, stdin="1", status=2)
    assert "give the value as VALUE or by --input-file" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["get", "auth.cache-tl"], "'auth.cache-tl' is not registered; did you mean auth.cache-ttl"),
        (["set", "nothing", "1"], "option: 'nothing' is not registered\n"),
        (["delete", "nothing"], "option: 'nothing' is not registered\n"),
        (["set", "auth.cache-ttl", "fast"], "auth.cache-ttl: expected a value of type float"),
        (["set", "auth.cache-ttl", "--", "-1"], "expected a number of at least 0, got -1.0"),
        (["set", "scm.http.read-timeout", "0"], "expected a number above 0, got 0.0"),
        (["set", "grpc.max-request-bytes", "1"], "set SENTRY_OPTION_GRPC_MAX_REQUEST_BYTES and restart"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_says_why(sentry: Sentry, words: list[str], message: str) -> None:
    result = sentry("config", *words, status=1)
    assert message in result.stderr
    assert not Option.objects.exists()


def test_what_the_environment_sets_cannot_be_changed(
    sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_OPTION_SOME_LIMIT", "4")
    manager = OptionsManager()
    manager.register("some.limit", default=1, help="A limit.")
    for name in ("manager", "get", "all_options"):
        value = manager if name == "manager" else getattr(manager, name)
        monkeypatch.setattr(options, name, value)
    result = sentry("config", "set", "some.limit", "5", status=1)
    assert "some.limit is set by SENTRY_OPTION_SOME_LIMIT" in result.stderr
    assert not Option.objects.exists()


def test_what_another_release_stored_can_be_deleted(sentry: Sentry) -> None:
    Factories.create_option(key="gone.limit", value=1)
    sentry("config", "delete", "gone.limit")
    assert not Option.objects.exists()


@pytest.mark.slow
def test_a_process_of_its_own_uses_what_another_one_stored(
    process: Process, installed: Path
) -> None:
    process("config", "set", "auth.cache-ttl", "1.5")
    assert process("config", "get", "auth.cache-ttl").stdout == "1.5\n"
    listed = json.loads(process("config", "list", "--json").stdout)
    assert {row["source"] for row in listed} == {"database", "default"}
    variable = {"SENTRY_OPTION_AUTH_CACHE_TTL": "4"}
    assert process("config", "get", "auth.cache-ttl", **variable).stdout == "4.0\n"
    refused = process("config", "set", "auth.cache-ttl", "3", status=1, **variable)
    assert "set by SENTRY_OPTION_AUTH_CACHE_TTL" in refused.stderr


@pytest.mark.slow
def test_before_the_first_migration_the_defaults_hold(process: Process) -> None:
    done = process("config", "get", "auth.cache-ttl")
    assert (done.stdout, done.stderr) == ("5.0\n", "")
    refused = process("config", "set", "auth.cache-ttl", "3", status=1)
    assert "the database is not up to date: run `sentry upgrade`" in refused.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_a_running_server_sees_a_change(
    process: Process, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    origin = "https://a.example"
    variables = {**environment, "SENTRY_OPTION_OPTIONS_REFRESH_INTERVAL": "1"}
    command = [str(BIN / "sentry"), "run", "web", "--port", "0", "--server", server]
    with running(command, variables, tmp_path) as program:
        assert allowed_origin(program.url, origin) is None
        process("config", "set", "grpc.cors-origins", origin)
        end = time.monotonic() + PATIENCE
        while allowed_origin(program.url, origin) is None and time.monotonic() < end:
            time.sleep(0.05)
        assert allowed_origin(program.url, origin) == origin


def allowed_origin(url: str, origin: str) -> str | None:
    """The origin that a browser may call from, as the server says before a call."""
    asked = {"origin": origin, "access-control-request-method": "POST"}
    path = "/sentry.integrations.scm.v1.ScmService/ListRepositories"
    answer = httpx.options(f"{url}{path}", headers=asked, timeout=PATIENCE)
    return dict(answer.headers).get("access-control-allow-origin")
