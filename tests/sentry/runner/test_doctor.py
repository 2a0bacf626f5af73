"""``sentry doctor``: each thing that can be wrong, and what it says to do."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from sentry import features
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.models.taskrecord import TaskStatus
from sentry.runner import checks
from sentry.runner.check import State
from sentry.taskqueue import broker, scheduler
from sentry.testutils.factories import Factories
from tests.sentry.runner.conftest import Process, Sentry


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def states(process: Process, **how: object) -> dict[str, str]:
    done = process("doctor", "--json", **how)
    return {check["name"]: check["state"] for check in json.loads(done.stdout)}


@pytest.mark.usefixtures("installed")
def test_doctor_finds_a_healthy_installation(process: Process) -> None:
    found = states(process)
    assert found == {
        "secret-key": "ok",
        "encryption-keys": "ok",
        "database": "ok",
        "database-file": "ok",
        "migrations": "ok",
        "stored-credentials": "ok",
        "search": "ok",
        "clock": "ok",
        "background-work": "warn",
        "integrations": "ok",
        "shared-secrets": "warn",
        "redis": "ok",
        "git": "ok",
        "mirrors": "ok",
        "allowed-hosts": "warn",
        "features": "ok",
        "options": "ok",
    }
    lines = process("doctor").stdout.splitlines()
    assert len(lines) == len(found)
    unset = "warn shared-secrets: SCM_SHARED_SECRETS is unset: signed requests are refused"
    assert unset in lines


def test_doctor_before_init(process: Process) -> None:
    found = states(process, status=1)
    assert (found["migrations"], found["stored-credentials"], found["search"]) == ("fail",) * 3
    assert "run `sentry upgrade`" in process("doctor", status=1).stdout


def test_doctor_tells_of_wrong_settings_first(process: Process) -> None:
    assert states(process, SENTRY_WEB_THREADS="0", status=1) == {"settings": "fail"}


@pytest.mark.usefixtures("installed")
def test_doctor_tells_of_keys_that_others_read(process: Process, home: Path) -> None:
    (home / "secret.key").chmod(0o644)
    done = process("doctor", status=1)
    assert done.stdout.startswith("fail settings: ")
    assert "has mode 644" in done.stdout
    (home / "secret.key").chmod(0o600)
    home.chmod(0o777)
    assert states(process)["secret-key"] == "warn"


@pytest.mark.usefixtures("installed")
def test_doctor_warns_of_a_database_that_others_read(process: Process, home: Path) -> None:
    (home / "sentry.db").chmod(0o640)
    assert states(process)["database-file"] == "warn"
    assert f"chmod 600 {home / 'sentry.db'}" in process("doctor").stdout


def test_doctor_tells_that_the_database_is_down(process: Process) -> None:
    down = "postgres://me:hunter2@127.0.0.1:1/name"
    done = process("doctor", DATABASE_URL=down, status=1)
    assert "fail database: postgresql does not answer" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


SERVICE = {
    "id": "billing",
    "secrets": ["0123456789abcdef0123456789abcdef"],
    "scopes": ["repository:read"],
    "organizations": [1],
}


@pytest.mark.parametrize(
    ("secrets", "state"),
    [
        ("", "warn"),
        (json.dumps([SERVICE]), "ok"),
        ("[", "fail"),
        ("{}", "fail"),
        (json.dumps([{**SERVICE, "secrets": ["hunter2"]}]), "fail"),
    ],
)
def test_shared_secrets(settings: Settings, secrets: str, state: str) -> None:
    settings.SCM_SHARED_SECRETS = secrets
    check = checks.check_shared_secrets()
    assert check.state == state
    assert "hunter2" not in check.text


@pytest.mark.parametrize("url", ["redis://:hunter2@127.0.0.1:1/0", "hunter2"])
def test_redis_that_does_not_answer(settings: Settings, url: str) -> None:
    settings.REDIS_URL = url
    check = checks.check_redis()
    assert check.state is State.FAIL
    assert "hunter2" not in check.text


@pytest.mark.service("redis")
def test_redis_that_answers(settings: Settings, service_url: str) -> None:
    settings.REDIS_URL = service_url
    assert checks.check_redis().state is State.OK


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (None, "fail"),
        ("echo git version 2.49.0", "ok"),
        ("echo git version 2.36.6", "warn"),
        ("echo git version 2.9.1", "warn"),
        ("echo nonsense", "warn"),
        ("exit 1", "warn"),
    ],
)
def test_git(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, state: str
) -> None:
    if script is not None:
        (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks.check_git().state == state


@pytest.mark.django_db
def test_broken_integrations_are_named_with_what_mends_them() -> None:
    assert checks.check_integrations().state is State.OK
    organization = Factories.create_organization(slug="acme")
    broken: dict[str, Any] = {
        "broken_reason": "the host says no",
        "broken_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    }
    made = Factories.create_integration(organization=organization, provider="gitlab", **broken)
    Factories.create_integration(organization=organization, status=1, **broken)
    check = checks.check_integrations()
    assert check.state is State.WARN
    assert check.text == (
        f"1 broken: gitlab integration {made.pk} of acme since 2026-01-02 03:04 UTC:"
        " the host says no;"
        " run `sentry integration update ID --organization SLUG` with another credential"
    )
    for _ in range(11):
        Factories.create_integration(organization=organization, **broken)
    text = checks.check_integrations().text
    assert (text.startswith("12 broken: "), text.count(" of acme since "), "and 2 more" in text) == (
        True, 10, True,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_region_does_not_know_whether_integrations_are_broken(settings: Settings) -> None:
    Factories.create_integration(
        organization=Factories.create_organization(),
        broken_reason="the host says no",
        broken_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )
    settings.SILO_MODE = "REGION"
    check = checks.check_integrations()
    assert check.state is State.OK
    assert check.text == "not known here: run `sentry doctor` in the control silo"


def test_a_folder_of_mirrors_that_others_may_change(settings: Settings, tmp_path: Path) -> None:
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    assert checks.check_mirrors().state is State.OK
    (tmp_path / "mirrors").mkdir()
    (tmp_path / "mirrors").chmod(0o777)
    check = checks.check_mirrors()
    assert (check.state, f"chmod go-w {tmp_path / 'mirrors'}" in check.text) == (State.FAIL, True)


def test_allowed_hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["sentry.example"]
    assert checks.check_allowed_hosts().state is State.OK


def test_features_that_are_off() -> None:
    with features.override({GitHubIntegrationProvider.feature: False}):
        check = checks.check_features()
    assert check.state is State.WARN
    assert GitHubIntegrationProvider.feature in check.text


@pytest.mark.parametrize(("now", "state"), [(1_000_000_000.0, "fail"), (None, "ok")])
@pytest.mark.django_db
def test_clock(monkeypatch: pytest.MonkeyPatch, now: float | None, state: str) -> None:
    if now is not None:
        monkeypatch.setattr(time, "time", lambda: now)
    assert checks.check_clock().state == state


@pytest.mark.django_db
def test_a_clock_that_differs_from_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a clock of its own")
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    assert checks.check_clock().state is State.WARN


@pytest.mark.django_db
def test_the_tests_own_database_is_healthy(sentry: Sentry) -> None:
    lines = sentry("doctor").stdout.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert "ok   migrations: all have run" in lines
    assert "ok   search: the index of repository names is there" in lines


@pytest.mark.usefixtures("installed")
def test_doctor_misses_the_search_index(process: Process, home: Path) -> None:
    with closing(sqlite3.connect(home / "sentry.db")) as database:
        database.execute("DROP TRIGGER sentry_repository_search_update")
    done = process("doctor", status=1)
    assert "fail search: missing: sentry_repository_search_update" in done.stdout


@pytest.mark.django_db
class TestBackgroundWork:
    def test_nobody_who_does_it(self) -> None:
        assert checks.check_background_work().state is State.WARN
        Factories.create_lease(name=scheduler.LEASE)
        assert checks.check_background_work().state is State.OK

    def test_what_was_given_up(self) -> None:
        Factories.create_lease(name=scheduler.LEASE)
        Factories.create_task_record(status=TaskStatus.FAILED)
        check = checks.check_background_work()
        assert (check.state, "given up: 1" in check.text) == (State.WARN, True)

    def test_a_broker_that_is_down(self, settings: Settings) -> None:
        settings.TASK_BROKER, settings.AMQP_URL = "AMQP", "amqp://guest:hunter2@127.0.0.1:1//"
        broker.app.cache_clear()
        check = checks.check_background_work()
        broker.app.cache_clear()
        assert (check.state, "hunter2" in check.text) == (State.FAIL, False)

    def test_a_broker_without_an_address(self, settings: Settings) -> None:
        settings.TASK_BROKER, settings.AMQP_URL = "AMQP", ""
        broker.app.cache_clear()
        check = checks.check_background_work()
        assert (check.state, check.text) == (State.FAIL, "SENTRY_TASK_BROKER=amqp needs AMQP_URL")
