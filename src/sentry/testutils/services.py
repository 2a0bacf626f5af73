"""Outside services that tests may use: where they are, and whether they accept us.

A service is found by its URL in the environment or at its usual loopback port. One that refuses
our login counts as absent; so does one on another machine, which no test may reach (PostgreSQL's
own library is not watched). ``REQUIRE_SERVICES`` names services without which a run must fail.
"""

import json
import os
import shutil
import socket
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from sentry.testutils.network import is_inside

_TIMEOUT = 2.0

# Addresses that the run was started with. The tests' own environment is cleared of them; the
# run's worker processes get them in this one variable.
_REMEMBERED = "TEST_SERVICE_ADDRESSES"


def remember(environment: MutableMapping[str, str]) -> None:
    """Keeps the addresses of services that the environment names."""
    if _REMEMBERED not in environment:
        names = [service.variable for service in SERVICES.values()]
        environment[_REMEMBERED] = json.dumps({name: environment.get(name, "") for name in names})


def _given(name: str) -> str:
    addresses: dict[str, str] = json.loads(os.environ.get(_REMEMBERED) or "{}")
    return addresses.get(name, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One outside service: the variable with its address, and where it usually is."""

    variable: str
    usual: tuple[str, ...]
    accepts: Callable[[str], bool]


def _accepts_postgres(url: str) -> bool:
    import psycopg  # noqa: PLC0415 - only loaded where it is asked for

    try:
        with psycopg.connect(url, connect_timeout=int(_TIMEOUT)) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _accepts_redis(url: str) -> bool:
    import redis  # noqa: PLC0415 - only loaded where it is asked for

    if not is_inside(urlsplit(url).hostname):
        return False
    client = redis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT, socket_timeout=_TIMEOUT)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _accepts_connection(url: str) -> bool:
    parts = urlsplit(url if "://" in url else f"tcp://{url}")
    if not is_inside(parts.hostname):
        return False
    try:
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=_TIMEOUT):
            return True
    except OSError:
        return False


def _is_folder(path: str) -> bool:
    return Path(path).is_dir()


def _is_program(path: str) -> bool:
    return shutil.which(path) is not None


SERVICES: dict[str, Service] = {
    "postgres": Service(
        variable="DATABASE_URL",
        usual=(
            "postgres://postgres@127.0.0.1:5432/postgres",
            "postgres://postgres:postgres@127.0.0.1:5432/postgres",
        ),
        accepts=_accepts_postgres,
    ),
    "redis": Service(
        variable="REDIS_URL", usual=("redis://127.0.0.1:6379/0",), accepts=_accepts_redis
    ),
    "rabbitmq": Service(
        variable="AMQP_URL",
        usual=("amqp://guest:guest@127.0.0.1:5672/",),
        accepts=_accepts_connection,
    ),
    "kafka": Service(variable="KAFKA_URL", usual=("127.0.0.1:9092",), accepts=_accepts_connection),
    "node": Service(variable="NODE", usual=("node",), accepts=_is_program),
    "contracts": Service(variable="CONTRACTS_DIR", usual=(), accepts=_is_folder),
}


@cache
def find(name: str) -> str | None:
    """The address of a service that accepts us; None where there is none.

    An address in the environment is the only one that is tried.

    Raises:
        KeyError: there is no service of this name.
    """
    service = SERVICES[name]
    given = _given(service.variable)
    if name == "postgres" and not given.startswith(("postgres://", "postgresql://")):
        given = ""
    for address in (given,) if given else service.usual:
        if service.accepts(address):
            return address
    return None


def required() -> frozenset[str]:
    """The services that the run cannot do without.

    They are those of ``REQUIRE_SERVICES`` and, where ``CONTRACTS_DIR`` is set, the contracts.
    """
    words = os.environ.get("REQUIRE_SERVICES", "").split(",")
    names = {word.strip() for word in words if word.strip()}
    if _given("CONTRACTS_DIR"):
        names.add("contracts")
    return frozenset(names)
