"""A running GitLab over the repositories of the tests above."""

import ssl

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

TOKEN = "glpat-test"
SHOP = "/projects/acme%2Ftools%2Fshop"


@pytest.fixture
def start_emulator(shop, empty, clock):
    """Starts an emulator with the given settings; all are stopped at the end."""
    running = []

    def run(**settings):
        repositories = [
            HostedRepository(full_name="acme/tools/shop", path=shop.path, id=1001),
            HostedRepository(full_name="acme/empty", path=empty.path, id=1002),
            HostedRepository(full_name="acme/secret", path=shop.path, id=1003, private=True),
            HostedRepository(
                full_name="dora/old", path=shop.path, id=1004, archived=True, has_issues=False
            ),
        ]
        values = {
            "tokens": {TOKEN: ("dora",), "narrow": ("eve", "acme/tools/shop")},
            "users": {"alice@example.com": "alice"},
            "clock": clock,
        }
        emulator = Emulator("gitlab", repositories, **(values | settings))
        emulator.start()
        running.append(emulator)
        return emulator

    yield run
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(start_emulator):
    return start_emulator()


@pytest.fixture
def connect():
    """A client of an emulator's API, with a private token unless told otherwise."""
    clients = []

    def run(emulator: Emulator, token: str | None = TOKEN, base: str = "/api/v4", **headers: str):
        given = {} if token is None else {"PRIVATE-TOKEN": token}
        client = httpx.Client(
            base_url=emulator.url + base,
            headers={**given, **headers},
            timeout=20,
            trust_env=False,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused, and dear to fill
        )
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.close()


@pytest.fixture
def client(emulator, connect):
    return connect(emulator)
