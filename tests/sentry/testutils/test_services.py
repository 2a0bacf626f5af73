import json
import os
import socket

import pytest

from sentry.testutils import APITestCase, Factories, TestCase, TransactionTestCase, services
from sentry.testutils.services import SERVICES


@pytest.fixture
def addresses(monkeypatch):
    """Sets the addresses that services are looked for at, for one test."""

    def set_them(**given):
        monkeypatch.setenv("TEST_SERVICE_ADDRESSES", json.dumps(given))
        services.find.cache_clear()

    yield set_them
    services.find.cache_clear()


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_an_address_in_the_environment_is_the_only_one_tried(addresses, listening):
    addresses(KAFKA_URL=listening, AMQP_URL=f"amqp://{listening}/", REDIS_URL="redis://127.0.0.1:1")
    assert services.find("kafka") == listening
    assert services.find("rabbitmq") == f"amqp://{listening}/"
    assert services.find("redis") is None


def test_a_database_that_refuses_us_is_absent(addresses):
    addresses(DATABASE_URL="postgres://nobody:wrong@127.0.0.1:1/none")
    assert services.find("postgres") is None


def test_folders_and_programs(addresses, tmp_path):
    addresses(CONTRACTS_DIR=str(tmp_path), NODE="no-such-program")
    assert services.find("contracts") == str(tmp_path)
    assert services.find("node") is None
    addresses(CONTRACTS_DIR=str(tmp_path / "none"))
    assert services.find("contracts") is None
    assert services.required() >= {"contracts"}
    addresses()
    assert services.find("contracts") is None


def test_what_is_required(addresses, monkeypatch):
    addresses()
    monkeypatch.setenv("REQUIRE_SERVICES", " redis, postgres,")
    assert services.required() == {"redis", "postgres"}


def test_addresses_are_remembered_once():
    environment = {"REDIS_URL": "redis://one"}
    services.remember(environment)
    environment["REDIS_URL"] = "redis://two"
    services.remember(environment)
    assert json.loads(environment["TEST_SERVICE_ADDRESSES"])["REDIS_URL"] == "redis://one"


def test_an_unknown_service_is_a_mistake(addresses):
    addresses()
    with pytest.raises(KeyError):
        services.find("mainframe")
    assert {"postgres", "redis", "contracts"} <= set(SERVICES)


def test_the_run_has_a_home_of_its_own(settings):
    assert os.environ["SENTRY_HOME"] == str(settings.SENTRY_HOME)
    assert "sentry-tests-" in os.environ["SENTRY_HOME"]


def test_what_the_package_offers():
    assert issubclass(APITestCase, TestCase)
    assert issubclass(TransactionTestCase, Factories)
    with pytest.raises(ImportError):
        from sentry.testutils import nothing  # noqa: F401
