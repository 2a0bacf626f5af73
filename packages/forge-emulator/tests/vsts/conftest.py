"""A running Azure DevOps over the real repositories of the other tests."""

import base64
import os
import ssl
from pathlib import Path

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

TOKEN = "azure_pat"
REPO = "/acme/Online Shop/_apis/git/repositories/shop"


@pytest.fixture
def start(shop, empty, clock):
    """Starts an emulator with the given settings; all are stopped at the end."""
    running = []

    def run(**settings):
        repositories = [
            HostedRepository(full_name="Online Shop/shop", path=shop.path, id=1),
            HostedRepository(full_name="Online Shop/empty", path=empty.path, id=2),
            HostedRepository(full_name="Hidden/secret", path=shop.path, id=3, private=True),
            HostedRepository(full_name="Scrummers/app", path=shop.path, id=4),
        ]
        values = {
            "tokens": {
                TOKEN: ("dora@example.com",),
                "narrow": ("eve", "Online Shop/shop"),
                "reader": ("mallory", "vso.project", "vso.code", "vso.work"),
            },
            "users": {"alice@example.com": "alice"},
            "workflows": {"Scrummers": "Scrum"},
            "rate_limit": None,
            "clock": clock,
        }
        emulator = Emulator("vsts", repositories, **(values | settings))
        emulator.add_oauth_client("app", "s3cret")
        emulator.start()
        running.append(emulator)
        return emulator

    yield run
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(start):
    """With the host's own descriptions, where they are here: then all that passes is held to them."""
    folder = os.environ.get("CONTRACTS_DIR")
    return start(contracts=Path(folder) if folder else None)


@pytest.fixture
def connect():
    """A client of an emulator, with a personal token unless told otherwise."""
    clients = []

    def run(emulator: Emulator, token: str | None = TOKEN, *, bearer=False, version="7.1"):
        headers = {}
        if token is not None:
            pair = base64.b64encode(f":{token}".encode()).decode()
            headers["Authorization"] = f"Bearer {token}" if bearer else f"Basic {pair}"
        client = httpx.Client(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused, and dear to fill
            base_url=emulator.url,
            headers=headers,
            params={"api-version": version} if version else {},
            timeout=20,
            trust_env=False,
        )
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.close()


@pytest.fixture
def client(emulator, connect):
    yield connect(emulator)
    if os.environ.get("CONTRACTS_DIR"):
        assert emulator.problems == []


@pytest.fixture
def ask(client):
    """The JSON of a GET in the repository."""

    def run(where: str, status: int = 200, **params):
        response = client.get(REPO + where, params=params)
        assert response.status_code == status, response.text
        return response.json()

    return run
