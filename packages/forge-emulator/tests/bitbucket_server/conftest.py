"""A running Bitbucket Data Center over the real repositories of the other tests."""

import ssl

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

TOKEN = "BBDC-token"


@pytest.fixture
def start(shop, empty, clock):
    """Starts an emulator with the given settings; all are stopped at the end."""
    running = []

    def run(**settings):
        repositories = [
            HostedRepository(full_name="ACME/shop", path=shop.path, id=1, description="A shop"),
            HostedRepository(full_name="ACME/empty", path=empty.path, id=2),
            HostedRepository(full_name="ACME/secret", path=shop.path, id=3, private=True),
            HostedRepository(full_name="~dora/old", path=shop.path, id=4, archived=True),
        ]
        values = {
            "tokens": {
                TOKEN: ("dora",),
                "BBDC-reader": ("eve", "REPO_READ"),
                "BBDC-narrow": ("mallory", "ACME/shop"),
            },
            "users": {"alice@example.com": "alice"},
            "rate_limit": None,
            "clock": clock,
        }
        emulator = Emulator("bitbucket_server", repositories, **(values | settings))
        emulator.start()
        running.append(emulator)
        return emulator

    yield run
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(start):
    return start()


@pytest.fixture
def connect():
    """A client of an emulator, with a token unless told otherwise."""
    clients = []

    def run(emulator: Emulator, token: str | None = TOKEN, **settings):
        client = httpx.Client(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused, and dear to fill
            base_url=emulator.url,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            timeout=20,
            trust_env=False,
            **settings,
        )
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.close()


@pytest.fixture
def client(emulator, connect):
    return connect(emulator)
