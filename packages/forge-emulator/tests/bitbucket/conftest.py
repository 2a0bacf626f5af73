"""A running Bitbucket over the repositories of the tests above."""

import base64
import ssl

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

API_TOKEN = "ATATT3x-test"
ACCESS_TOKEN = "ATCTT3x-test"
OAUTH_TOKEN = "oauth-test"
EMAIL = "dora@example.com"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    return f"Bearer {token}"


@pytest.fixture
def start_emulator(shop, empty, clock):
    """Starts an emulator with the given settings; all are stopped at the end."""
    running = []

    def run(**settings):
        repositories = [
            HostedRepository(full_name="acme/shop", path=shop.path, id=1001, description="A shop"),
            HostedRepository(full_name="acme/empty", path=empty.path, id=1002),
            HostedRepository(full_name="acme/secret", path=shop.path, id=1003, private=True),
            HostedRepository(full_name="dora/old", path=shop.path, id=1004, archived=True),
        ]
        values = {
            "tokens": {
                API_TOKEN: ("dora",),
                ACCESS_TOKEN: ("robot", "acme/shop", "acme/secret"),
                OAUTH_TOKEN: ("dora",),
            },
            "users": {EMAIL: "dora", "alice@example.com": "alice"},
            "clock": clock,
        }
        emulator = Emulator("bitbucket", repositories, **(values | settings))
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
    """A client of an emulator's API, with an API token unless told otherwise."""
    clients = []

    def run(
        emulator: Emulator, authorization: str | None = basic(EMAIL, API_TOKEN), base: str = "/2.0"
    ):
        headers = {} if authorization is None else {"Authorization": authorization}
        client = httpx.Client(
            base_url=emulator.url + base,
            headers=headers,
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
