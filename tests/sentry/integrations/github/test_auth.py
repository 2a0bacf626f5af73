"""A GitHub App's tokens, against an emulator that verifies the JWT."""

import threading
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forge_emulator import AppCredentials as HostedApp
from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.github import auth
from sentry.integrations.github.auth import (
    AppCredentials,
    AppJwtAuth,
    InstallationAuth,
    TokenAuth,
    installation_auth,
)
from sentry.integrations.github.endpoints import github_endpoints
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationBroken,
)
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.types import CredentialCheck
from sentry.utils.deadline import deadline_at

from .conftest import SHOP, integration

ENDPOINTS = github_endpoints(base_url="https://forge.example/", web_url="https://forge.example")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def private_key(key) -> str:
    made = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return str(made, "ascii")


@pytest.fixture(scope="module")
def public_key(key) -> str:
    made = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(made, "ascii")


@pytest.fixture
def hosted(shop, public_key):
    app = HostedApp(app_id="12345", public_key_pem=public_key, installations={"777": "all"})
    repository = HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)
    with Emulator(repositories=[repository], app=app) as running:
        yield running


def installed(emulator: Emulator, private_key: str, installation_id: str = "777"):
    app = {"app_id": "12345", "private_key": private_key, "installation_id": installation_id}
    return integration(emulator.url, app=app)


def token_requests(emulator: Emulator) -> int:
    return sum(request.path.endswith("/access_tokens") for request in emulator.requests)


def test_an_installation_asks_once_for_its_token(hosted, private_key, shop):
    head = shop("rev-parse", "HEAD").strip()
    for _ in range(3):
        assert installed(hosted, private_key).get_commit(SHOP, head).sha == head
    (listed,) = installed(hosted, private_key).get_repositories()
    assert listed.identifier == "acme/shop"
    assert token_requests(hosted) == 1


def test_a_rejected_token_is_replaced_once(hosted, private_key, shop):
    head = shop("rev-parse", "HEAD").strip()
    made = installed(hosted, private_key)
    made.get_commit(SHOP, head)
    hosted.faults.add(Fault(kind="status", status=401, match="/commits/", times=1))
    assert made.get_commit(SHOP, head).sha == head
    assert token_requests(hosted) == 2
    hosted.faults.add(Fault(kind="status", status=401, match="/commits/", times=2))
    with pytest.raises(IntegrationBroken):
        made.get_commit(SHOP, head)
    assert token_requests(hosted) == 3


@pytest.mark.parametrize("installation_id", ["778"])
def test_an_installation_that_is_not_there_is_broken(hosted, private_key, installation_id):
    with pytest.raises(IntegrationBroken, match="no such installation"):
        installed(hosted, private_key, installation_id).get_repository("acme/shop")


def test_a_suspended_installation_is_broken(hosted, private_key):
    hosted.faults.add(Fault(kind="status", status=403, match="/access_tokens"))
    with pytest.raises(IntegrationBroken, match="suspended"):
        installed(hosted, private_key).get_repository("acme/shop")


def test_another_apps_key_is_broken(hosted):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    with pytest.raises(IntegrationBroken):
        installed(hosted, other.decode()).get_repository("acme/shop")


def test_a_passing_failure_of_the_token_request_is_repeated(hosted, private_key, shop):
    hosted.faults.add(Fault(kind="drop", match="/access_tokens", times=1))
    assert installed(hosted, private_key).has_repo_access(SHOP)
    assert token_requests(hosted) == 2


def test_the_jwt_is_short_and_begins_before_now(private_key, public_key):
    credentials = AppCredentials(app_id="12345", installation_id="7", private_key=private_key)
    made = AppJwtAuth(credentials, wall_clock=lambda: 5_000_000_000.7)
    token = made.headers()["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token, public_key, algorithms=["RS256"], options={"verify_iat": False, "verify_exp": False}
    )
    assert claims["iss"] == "12345"
    assert claims["iat"] == 5_000_000_000 - 60
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert made.renew({}) is False
    assert made.identity != credentials.identity


def test_a_key_that_cannot_sign_is_broken_and_not_shown():
    credentials = AppCredentials(app_id="1", installation_id="7", private_key="no key at all")
    with pytest.raises(IntegrationBroken) as caught:
        AppJwtAuth(credentials, wall_clock=lambda: 0.0).headers()
    assert "no key" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "no key" not in repr(credentials)


class Tokens:
    """Gives out tokens of an hour, on a clock of its own."""

    def __init__(self, private_key: str) -> None:
        self.now = 1_700_000_000.0
        self.given = 0
        self.gate: threading.Event | None = None
        self.runtime = HttpRuntime(
            transport=lambda: httpx.MockTransport(self.answer), wall_clock=lambda: self.now
        )
        credentials = AppCredentials(app_id="1", installation_id="7", private_key=private_key)
        self.auth = InstallationAuth(credentials, ENDPOINTS, runtime=self.runtime)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.gate:
            self.gate.wait(10)
        self.given += 1
        ends = datetime.fromtimestamp(self.now, UTC) + timedelta(hours=1)
        text = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        return httpx.Response(201, json={"token": f"ghs_{self.given}", "expires_at": text})

    def token(self) -> str:
        return self.auth.headers()["authorization"]


def test_a_token_is_kept_until_five_minutes_before_its_end(private_key):
    host = Tokens(private_key)
    assert host.token() == host.token() == "Bearer ghs_1"
    host.now += 3600 - 301
    assert host.token() == "Bearer ghs_1"
    host.now += 2
    assert host.token() == "Bearer ghs_2"


def test_a_token_that_another_thread_has_replaced_is_not_replaced_again(private_key):
    host = Tokens(private_key)
    rejected = host.auth.headers()
    assert host.auth.renew(rejected)
    assert host.auth.renew(rejected)
    assert (host.token(), host.given) == ("Bearer ghs_2", 2)


def test_many_threads_ask_once(private_key):
    host = Tokens(private_key)
    host.gate = threading.Event()
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(host.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    host.gate.set()
    for thread in threads:
        thread.join()
    assert seen == ["Bearer ghs_1"] * 8
    assert host.given == 1


def test_who_waits_for_a_renewal_keeps_to_its_deadline(private_key):
    host = Tokens(private_key)
    with host.auth._lock, deadline_at(0.0), pytest.raises(HostUnavailable, match="in time"):
        host.token()
    assert host.token() == "Bearer ghs_1"


def test_an_installation_says_whose_it_is(hosted, private_key):
    told = installed(hosted, private_key).check_credential()
    assert told == CredentialCheck(account="acme", identity="777")
    with pytest.raises(IntegrationBroken, match="no such installation"):
        installed(hosted, private_key, "778").check_credential()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(IntegrationBroken, match="rejected"):
        installed(hosted, other.decode("ascii")).check_credential()
    assert token_requests(hosted) == 0


def test_one_that_says_that_it_is_suspended_is_broken(private_key):
    suspended = {
        "id": 7,
        "account": {"login": "acme"},
        "permissions": {},
        "suspended_at": "2026-01-01T00:00:00Z",
    }
    answer = httpx.Response(200, json=suspended)
    runtime = HttpRuntime(transport=lambda: httpx.MockTransport(lambda _: answer))
    credentials = AppCredentials(app_id="1", installation_id="7", private_key=private_key)
    with pytest.raises(IntegrationBroken, match="suspended"):
        InstallationAuth(credentials, ENDPOINTS, runtime=runtime).check()


def test_credentials_are_told_apart_and_never_shown(private_key):
    one, other = TokenAuth("ghp_one"), TokenAuth("ghp_two")
    assert one.identity != other.identity
    assert one.renew({}) is False
    assert "ghp_one" not in f"{one!r}{one.identity}"
    assert one.headers() == {"authorization": "Bearer ghp_one"}


def test_the_process_keeps_a_bounded_number_of_installations(private_key, monkeypatch):
    monkeypatch.setattr(auth, "_MAX_INSTALLATIONS", 2)

    def of(number: int) -> InstallationAuth:
        credentials = AppCredentials(
            app_id="1", installation_id=str(number), private_key=private_key
        )
        return installation_auth(credentials, ENDPOINTS)

    first = of(1)
    assert of(1) is first
    of(2)
    of(1)
    of(3)
    assert of(1) is first
    assert len(auth._installations) == 2
