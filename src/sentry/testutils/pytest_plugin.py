"""The plugin of every test run: loaded with ``-p``, before Django's settings are read.

It gives the run a home and a database of its own, and decides about tests that need an outside
service: found, skipped with a line that says so, or failed where ``REQUIRE_SERVICES`` names it.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from sentry.testutils import network, services
from sentry.testutils.reuse import InUseError, ReusedDatabase, schema_hash
from sentry.utils.refresh import refresher

_CLEARED = ("DATABASE_URL", "REDIS_URL", "AMQP_URL", "KAFKA_URL", "SILO_MODE")
_CLEARED_PREFIXES = ("SENTRY_", "SCM_", "RPC_SHARED_SECRET")
_MISSING = "missing service"
_RUN_HOME = "TEST_RUN_HOME"
_RENEW = "TEST_DATABASE_RENEW"
_kept = pytest.StashKey[ReusedDatabase]()
_has_lost_worker = pytest.StashKey[bool]()


class _Worker(Protocol):
    """What is used of xdist's worker: the configuration of the run that started it."""

    config: pytest.Config


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--database``."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgres"),
        default=os.environ.get("TEST_DATABASE") or "sqlite",
        help="the database that the tests run on (default: TEST_DATABASE, else sqlite)",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Prepares the environment before pytest-django reads the settings."""
    services.remember(os.environ)
    database = early_config.known_args_namespace.database
    url = _postgres_url() if database == "postgres" else ""
    home = _make_home(early_config)
    for name in list(os.environ):
        if name in _CLEARED or name.startswith(_CLEARED_PREFIXES):
            del os.environ[name]
    os.environ["SENTRY_HOME"] = str(home)
    os.environ["TEST_DATABASE"] = database
    if url:
        os.environ["DATABASE_URL"] = url
    network.install()
    # A test sees what itself has stored; nothing reads the database behind its back.
    refresher.by_hand()
    kept = _take_kept_database(early_config, url)
    yield
    os.environ.pop("DATABASE_URL", None)
    _name_test_database(home, postgres=bool(url), kept=kept)


def _make_home(config: pytest.Config) -> Path:
    run = os.environ.get(_RUN_HOME)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if run and worker:
        home = Path(run) / worker
        home.mkdir(mode=0o700, exist_ok=True)
        return home
    home = Path(tempfile.mkdtemp(prefix="sentry-tests-"))
    os.environ[_RUN_HOME] = str(home)
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    return home


def _postgres_url() -> str:
    url = services.find("postgres")
    if url is None:
        raise pytest.UsageError(
            "--database=postgres: no PostgreSQL by DATABASE_URL or at 127.0.0.1:5432 accepts us"
        )
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/postgres"


def _take_kept_database(config: pytest.Config, url: str) -> ReusedDatabase | None:
    """The database of ``--reuse-db``, if that is given; the run's first process takes it."""
    given = config.known_args_namespace
    if not getattr(given, "reuse_db", False):
        return None
    kept = ReusedDatabase(root=config.rootpath, postgres_url=url, schema=schema_hash())
    if "PYTEST_XDIST_WORKER" not in os.environ:
        try:
            must_renew = kept.take() or given.create_db
        except InUseError as error:
            raise pytest.UsageError(str(error)) from None
        if must_renew:
            kept.make_room()
        os.environ[_RENEW] = "1" if must_renew else ""
        config.stash[_kept] = kept
    kept.make_folder()
    return kept


def pytest_configure(config: pytest.Config) -> None:
    """Makes a kept database anew in every process of the run, where one process must."""
    if os.environ.get(_RENEW):
        config.option.create_db = True


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _Worker, error: object) -> None:
    """A worker that died may have left rows in its database."""
    if error:
        node.config.stash[_has_lost_worker] = True


def pytest_unconfigure(config: pytest.Config) -> None:
    """Gives a kept database back."""
    kept = config.stash.get(_kept, None)
    if kept is not None and not config.stash.get(_has_lost_worker, False):
        kept.give_back()


def _name_test_database(home: Path, *, postgres: bool, kept: ReusedDatabase | None) -> None:
    """Names the test database; pytest-django adds the name of an xdist worker."""
    from django.conf import settings  # noqa: PLC0415 - not before the environment is prepared

    if not settings.configured:
        return
    # The run's own folder tells runs apart that share a PostgreSQL server.
    run = Path(os.environ[_RUN_HOME]).name.rpartition("-")[2].lower()
    name = f"test_sentry_{run}" if postgres else str(home / "test.db")
    if kept is not None:
        name = kept.name
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name
    # A real hash takes a third of a second, and every test with a user would wait for it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(
    items: list[pytest.Item],  # guide: concrete-input - pytest's hook: it is changed in place
) -> None:
    """Skips tests whose service is absent, unless it is required; slow ones come first.

    One worker then has them all, with what they share, while the others take its other tests.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        for name in _needs(item):
            if services.find(name) is None and name not in services.required():
                item.user_properties.append((_MISSING, name))
                item.add_marker(pytest.mark.skip(reason=f"needs {name}, which was not found"))


def _needs(item: pytest.Item) -> list[str]:
    names = [str(name) for mark in item.iter_markers("service") for name in mark.args]
    unknown = set(names) - set(services.SERVICES)
    if unknown:
        raise pytest.UsageError(f"{item.nodeid}: unknown service {', '.join(sorted(unknown))}")
    return names + ["contracts"] * (item.get_closest_marker("contracts") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails a test whose required service is absent."""
    for name in _needs(item):
        if services.find(name) is None:
            pytest.fail(f"needs {name}, which is required and was not found", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names what was skipped for a missing service, in one line."""
    missing = Counter(
        value
        for report in terminalreporter.stats.get("skipped", [])
        for key, value in getattr(report, "user_properties", ())
        if key == _MISSING
    )
    facts = ", ".join(f"{name} ({count} tests)" for name, count in sorted(missing.items()))
    terminalreporter.write_line(f"skipped for a missing service: {facts or 'nothing'}")


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fails a test that reached for something outside, also where the error was swallowed."""
    network.take_violations()
    yield
    violations = network.take_violations()
    if violations:
        pytest.fail("\n".join(violations), pytrace=False)


@pytest.fixture
def service_url(request: pytest.FixtureRequest) -> str:
    """The address of the one service that the test is marked with."""
    (name,) = _needs(request.node)
    address = services.find(name)
    assert address is not None
    return address


@pytest.fixture
def contracts_dir() -> Path:
    """The folder of the hosts' published descriptions; for tests marked ``contracts``."""
    address = services.find("contracts")
    assert address is not None
    return Path(address)
