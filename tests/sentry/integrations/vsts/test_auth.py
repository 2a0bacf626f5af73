"""Both kinds of credential, and what is never shown of them."""

import base64
import logging

import pytest

from forge_emulator import Fault
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
)
from sentry.integrations.source_code_management.oauth_client import ClientCredential
from sentry.integrations.vsts.auth import PersonalTokenAuth, entra_auth
from sentry.integrations.vsts.endpoints import vsts_endpoints

from .conftest import CLIENT_SECRET, ENTRA, NAME, SHOP, TOKEN, integration

ENDPOINTS = vsts_endpoints(
    base_url="https://dev.azure.com/acme",
    web_url=None,
    search_url=None,
    login_url="https://login.microsoftonline.com",
)


def tokens_asked_for(emulator) -> int:
    return sum(each.path.endswith("/oauth2/v2.0/token") for each in emulator.requests)


def test_a_personal_token_is_a_password_without_a_user():
    auth = PersonalTokenAuth("pat")
    scheme, _, value = auth.headers()["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b":pat")
    assert not auth.renew(auth.headers())
    assert "pat" not in auth.identity
    assert auth.identity != PersonalTokenAuth("pat2").identity


def test_an_application_gets_a_token_once(emulator):
    first, second = (integration(emulator.url, entra=ENTRA) for _ in range(2))
    assert first.get_repository(NAME).name == second.get_repository(NAME).name == NAME
    assert tokens_asked_for(emulator) == 1
    assert emulator.requests[0].path == "/contoso.example/oauth2/v2.0/token"
    assert first.check_credential().account == "app-1"


def test_a_token_that_is_rejected_is_renewed_once(emulator):
    installed = integration(emulator.url, entra=ENTRA)
    installed.get_repository(NAME)
    emulator.faults.add(Fault(kind="status", status=401, match="/_apis/", times=1))
    assert installed.get_repository(NAME).name == NAME
    assert tokens_asked_for(emulator) == 2
    emulator.faults.add(Fault(kind="html", status=203, match="/_apis/", times=1))
    assert installed.get_repository(NAME).name == NAME
    assert tokens_asked_for(emulator) == 3
    emulator.faults.add(Fault(kind="status", status=401, match="/_apis/"))
    with pytest.raises(IntegrationBroken):
        installed.get_repository(NAME)
    assert tokens_asked_for(emulator) == 4


@pytest.mark.parametrize(
    ("changed", "fault", "kind"),
    [
        ({"client_secret": "wrong"}, None, IntegrationBroken),
        ({"client_id": "unknown"}, None, IntegrationBroken),
        ({}, Fault(kind="status", status=500, match="/oauth2/"), HostUnavailable),
        ({}, Fault(kind="html", match="/oauth2/"), HostUnavailable),
        ({}, Fault(kind="drop", match="/oauth2/"), HostUnavailable),
    ],
)
def test_a_token_that_is_not_given(emulator, caplog, changed, fault, kind):
    caplog.set_level(logging.DEBUG)
    if fault is not None:
        emulator.faults.add(fault)
    with pytest.raises(kind) as caught:
        integration(emulator.url, entra={**ENTRA, **changed}).get_repository(NAME)
    assert CLIENT_SECRET not in f"{caught.value!r} {caplog.text}"


def test_a_tenant_stays_in_its_place():
    credential = ClientCredential(client_id="a", client_secret="b")
    with pytest.raises(InvalidArgument):
        entra_auth(credential, tenant="..", endpoints=ENDPOINTS)


def test_git_gets_the_same_credential(emulator, installed):
    source = installed.get_mirror_source(SHOP)
    assert source.url == f"{emulator.url}/acme/Online%20Shop/_git/sk%C3%B6p%20app"
    assert source.headers == PersonalTokenAuth(TOKEN).headers()
    assert TOKEN not in repr(source)
    with pytest.raises(IntegrationBroken):
        installed.get_mirror_source(SHOP, rejected=source)


def test_git_gets_another_token_where_one_was_rejected(emulator):
    installed = integration(emulator.url, entra=ENTRA)
    first = installed.get_mirror_source(SHOP)
    assert first.headers["authorization"].startswith("Bearer ")
    second = installed.get_mirror_source(SHOP, rejected=first)
    assert second.headers != first.headers
    assert second.identity == first.identity
    assert installed.get_mirror_source(SHOP, rejected=first) == second


@pytest.mark.parametrize("credential", [{"token": TOKEN}, {"entra": ENTRA}])
def test_git_fetches_with_it(emulator, shop, tmp_path, credential):
    source = integration(emulator.url, **credential).get_mirror_source(SHOP)
    ((name, value),) = source.headers.items()
    shop("-c", f"http.extraHeader={name}: {value}", "clone", "-q", "--bare", source.url,
         str(tmp_path / "copy"))  # fmt: skip
    copy = type(shop)(tmp_path / "copy")
    assert copy("for-each-ref") == shop("for-each-ref")


def test_no_secret_is_logged(emulator, installed, caplog, shop):
    caplog.set_level(logging.DEBUG)
    installed.get_repository(NAME)
    integration(emulator.url, entra=ENTRA).get_commit(SHOP, shop.id("HEAD"))
    assert "scm.http.request" in caplog.text
    secrets = (TOKEN, CLIENT_SECRET, PersonalTokenAuth(TOKEN).headers()["authorization"])
    told = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert not any(secret in told for secret in secrets)
