"""Fixtures: a service on loopback, and either client before it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .loopback import AsyncDriver, ScmBackend, SyncDriver, serve

Driver = SyncDriver | AsyncDriver
OpenDriver = Callable[..., Driver]


@pytest.fixture
def backend() -> ScmBackend:
    return ScmBackend()


@pytest.fixture
def host(backend: ScmBackend) -> Iterator[str]:
    with serve(backend.application()) as address:
        yield address


@pytest.fixture(params=[SyncDriver, AsyncDriver], ids=["sync", "async"])
def open_driver(request: pytest.FixtureRequest) -> Iterator[OpenDriver]:
    """Opens the sync or the async client, with an API key and plain HTTP where not told."""
    opened: list[Driver] = []

    def open_one(host: str, **arguments: Any) -> Driver:
        if not arguments.keys() & {"api_key", "token", "shared_secret"}:
            arguments["api_key"] = "k3y-for-tests"
        driver: Driver = request.param(host, **{"secure": False, **arguments})
        opened.append(driver)
        return driver

    yield open_one
    for driver in opened:
        driver.close()


@pytest.fixture
def driver(open_driver: OpenDriver, host: str) -> Driver:
    return open_driver(host)
