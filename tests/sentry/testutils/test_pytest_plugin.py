import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

CASES = """
import os
import pytest
from django.conf import settings

@pytest.mark.service("kafka")
def test_kafka(service_url):
    assert service_url

@pytest.mark.service("redis")
def test_redis(service_url):
    assert service_url

@pytest.mark.contracts
def test_contracts(contracts_dir):
    assert contracts_dir.is_dir()

@pytest.mark.django_db
def test_home():
    assert str(settings.SENTRY_HOME) == os.environ["SENTRY_HOME"]
    assert "DATABASE_URL" not in os.environ
    assert "SENTRY_LOG_LEVEL" not in os.environ
    assert settings.REDIS_URL == ""
    assert settings.DATABASES["default"]["NAME"].endswith("test.db")
"""


def run(path, *arguments, **environment):
    """A test run of its own, without services: nothing listens at port 1."""
    cases = path / "test_cases.py"
    cases.write_text(CASES)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEST_", "PYTEST_", "SENTRY_", "REQUIRE_", "COV"))
    }
    nowhere = {
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "KAFKA_URL": "127.0.0.1:1",
        "DATABASE_URL": "",
        "CONTRACTS_DIR": "",
        "SENTRY_LOG_LEVEL": "DEBUG",
        "TMPDIR": str(path),
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    return subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(path), *arguments, cases],
        env={**clean, **nowhere, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=path,
    )


@pytest.mark.slow
def test_absent_services_are_skipped_and_named(tmp_path):
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed, 3 skipped" in result.stdout
    assert not list(tmp_path.glob("sentry-tests-*"))
    assert (
        "skipped for a missing service: contracts (1 tests), kafka (1 tests), redis (1 tests)"
        in result.stdout
    )


@pytest.mark.slow
def test_a_required_service_fails(tmp_path):
    result = run(tmp_path, REQUIRE_SERVICES="redis", CONTRACTS_DIR="/nowhere")
    assert result.returncode == 1
    assert "needs redis, which is required and was not found" in result.stdout
    assert "needs contracts, which is required and was not found" in result.stdout
    assert "skipped for a missing service: kafka (1 tests)" in result.stdout


@pytest.mark.slow
def test_a_database_that_is_not_there_is_an_error(tmp_path):
    result = run(tmp_path, "--database=postgres", DATABASE_URL="postgres://127.0.0.1:1/x")
    assert result.returncode != 0
    assert "--database=postgres: no PostgreSQL" in result.stderr + result.stdout
    assert not list(tmp_path.glob("sentry-tests-*"))


@pytest.mark.service("redis")
def test_a_service_that_is_there_is_used(service_url):
    assert service_url.startswith("redis://")
