"""Credentials of every kind: what they send, whose they are, what git is given, what is shown."""

import base64
import logging
import os
import subprocess

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    ScmError,
)
from sentry.integrations.source_code_management.types import MirrorSource

from .conftest import ACCESS_TOKEN, API_TOKEN, EMAIL, SHOP, integration

STATUSES = (400, 401, 403, 404, 500)
DROP, LIMIT = Fault(kind="drop"), Fault(kind="status", status=429)
SECRET_PARTS = (API_TOKEN, ACCESS_TOKEN, "s3cret")


def by_api_token(url, token=API_TOKEN):
    return integration(url, email=EMAIL, api_token=token)


def by_access_token(url, token=ACCESS_TOKEN):
    return integration(url, token=token, workspace="acme")


# --- whose it is -----------------------------------------------------------------------------


def test_an_accounts_token(installed):
    told = installed.check_credential()
    assert (told.account, told.missing) == ("robot", ())
    assert told.identity.startswith("user-")
    assert "{" not in told.identity


def test_two_workspaces_of_one_account_are_two_identities(emulator):
    narrowed = integration(emulator.url, email=EMAIL, api_token=API_TOKEN, workspace="acme")
    told, account = narrowed.check_credential(), by_api_token(emulator.url).check_credential()
    assert told.identity == f"{account.identity}:{told.settings['workspace'].strip('{}')}"
    assert account.settings == {}


def test_an_access_token_stands_for_no_account(emulator):
    told = by_access_token(emulator.url).check_credential()
    assert (told.account, told.missing, told.identity) == ("an access token of acme", (), "")
    with pytest.raises(IntegrationBroken, match="must name it"):
        integration(emulator.url, token=ACCESS_TOKEN).check_credential()


@pytest.mark.parametrize(
    ("token", "granted", "missing"),
    [
        (
            "ATATT3x-1",
            ("read:user:bitbucket",),
            (
                "read:workspace:bitbucket",
                "read:repository:bitbucket",
                "read:pullrequest:bitbucket",
            ),
        ),
        (
            "ATATT3x-6",
            ("read:user:bitbucket", "read:workspace:bitbucket"),
            ("read:repository:bitbucket", "read:pullrequest:bitbucket"),
        ),
        (
            "ATATT3x-2",
            ("read:workspace:bitbucket", "read:repository:bitbucket"),
            ("read:user:bitbucket", "read:pullrequest:bitbucket"),
        ),
        ("ATCTT3x-3", ("webhook",), ("repository", "pullrequest")),
        ("ATCTT3x-4", ("repository",), ("pullrequest",)),
        ("ATCTT3x-5", ("pullrequest",), ()),
    ],
)
def test_what_it_lacks_is_told_in_the_hosts_words(emulator, token, granted, missing):
    emulator.add_token(token, "robot", *granted)
    make = by_api_token if token.startswith("ATATT") else by_access_token
    assert make(emulator.url, token).check_credential().missing == missing


def test_a_scope_that_the_host_does_not_name(installed, emulator):
    body = b'{"type": "error", "error": {"message": "lack one or more required privilege scopes"}}'
    for match in ("/user", "/user/workspaces"):
        emulator.faults.add(
            Fault(
                kind="status", status=403, match=match, body=body,
                content_type="application/json", times=1,
            )
        )  # fmt: skip
    assert installed.check_credential().missing == ("account",)


def test_a_refusal_for_another_reason(installed, emulator):
    emulator.faults.add(Fault(kind="status", status=403))
    with pytest.raises(HostForbidden):
        installed.check_credential()


@pytest.mark.parametrize("make", [by_api_token, by_access_token])
def test_a_credential_that_the_host_rejects(emulator, make):
    made = make(emulator.url, "ATATT3x-wrong")
    with pytest.raises(IntegrationBroken):
        made.check_credential()
    with pytest.raises(IntegrationBroken):
        made.get_repository("acme/shop")


def test_an_account_without_anything(emulator, shop):
    with Emulator("bitbucket", [], tokens={API_TOKEN: ("robot",)}) as running:
        told = by_api_token(running.url).check_credential()
        assert (told.account, told.missing) == ("robot", ())


# --- git -------------------------------------------------------------------------------------


def fetch(source: MirrorSource, tmp_path) -> subprocess.CompletedProcess[bytes]:
    (name, value), *more = source.headers.items()
    assert not more
    return subprocess.run(
        ["git", "ls-remote", source.url],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"{name}: {value}",
        },
    )


@pytest.mark.parametrize(
    ("make", "user"),
    [(by_api_token, "x-bitbucket-api-token-auth"), (by_access_token, "x-token-auth")],
)
def test_git_fetches_with_the_credential(shop, tmp_path, make, user):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)]
    tokens = {API_TOKEN: ("robot",), ACCESS_TOKEN: ("token", "acme/shop")}
    with Emulator("bitbucket", hosted, tokens=tokens) as running:
        source = make(running.url).get_mirror_source(SHOP)
        assert source.url == f"{running.url}/acme/shop.git"
        done = fetch(source, tmp_path)
        assert done.returncode == 0, done.stderr
        assert shop.sha("main").encode() in done.stdout
        encoded = source.headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(encoded).decode().startswith(f"{user}:")
        other = MirrorSource(url=source.url, headers={"authorization": "Basic eDp5"})
        assert fetch(other, tmp_path).returncode != 0
    assert not any(part in repr(source) for part in (*SECRET_PARTS, encoded))


@pytest.mark.parametrize("make", [by_api_token, by_access_token])
def test_there_is_no_other_credential_for_git(emulator, make):
    made = make(emulator.url)
    source = made.get_mirror_source(SHOP)
    assert source.identity == made.get_mirror_source(SHOP).identity
    with pytest.raises(IntegrationBroken):
        made.get_mirror_source(SHOP, rejected=source)


# --- what is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [by_api_token, by_access_token])
def test_no_secret_is_shown(emulator, make, caplog):
    caplog.set_level(logging.DEBUG)
    made = make(emulator.url)
    shown = [repr(made), repr(made.get_client()), repr(made._auth), repr(made._session)]
    for fault in (*(Fault(kind="status", status=n, times=1) for n in STATUSES), DROP, LIMIT):
        emulator.faults.add(fault)
        with pytest.raises(ScmError) as caught:
            made.get_repository("acme/shop")
        shown += [str(caught.value), repr(caught.value), repr(caught.value.__dict__)]
        emulator.faults.clear()
    shown += [caplog.text, repr(emulator.requests)]
    encoded = base64.b64encode(f"{EMAIL}:{API_TOKEN}".encode()).decode()
    for text in shown:
        assert not any(part in text for part in (*SECRET_PARTS, encoded))
