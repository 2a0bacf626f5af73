"""Webhooks at GitHub, registered against the emulator."""

import pytest

from forge_emulator import Fault
from sentry.integrations.github.integration import GitHubIntegration
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import RepositoryRef
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN

REPO = RepositoryRef(identifier=FULL_NAME)
URL = "http://127.0.0.1:1/extensions/github/webhook/1/"


@pytest.fixture
def installation(host, db):
    model = RpcIntegration(
        id=1,
        provider="github",
        external_id="x",
        name="x",
        status=0,
        metadata={"base_url": host.url, "token": HOST_TOKEN},
    )
    return GitHubIntegration(model, 1)


def hooks(host):
    return host.world.store.hooks(host.world.repositories.by_name(FULL_NAME).id)


def test_one_registration_for_each_address(installation, host):
    first = installation.register_webhook(REPO, url=URL, secret="one")
    (hook,) = hooks(host)
    assert str(hook.id) == first
    assert hook.config["secret"] == "one"
    assert hook.config["content_type"] == "json"
    assert set(hook.events) == {"push", "pull_request", "repository"}
    assert installation.register_webhook(REPO, url=URL, secret="two") == first
    (hook,) = hooks(host)
    assert hook.config["secret"] == "two"
    other = installation.register_webhook(REPO, url=URL + "x/", secret="one")
    assert other != first
    assert len(hooks(host)) == 2


def test_two_that_register_at_once(installation, host):
    """The second sees no webhook, then GitHub says that there is one: it is brought up to date."""
    first = installation.register_webhook(REPO, url=URL, secret="one")
    host.faults.add(
        Fault(
            kind="status",
            status=200,
            body=b"[]",
            content_type="application/json",
            match="/hooks",
            method="GET",
            times=1,
        )
    )
    assert installation.register_webhook(REPO, url=URL, secret="two") == first
    assert hooks(host)[0].config["secret"] == "two"


def test_unregister(installation, host):
    made = installation.register_webhook(REPO, url=URL, secret="one")
    installation.unregister_webhook(REPO, webhook_id=made)
    assert hooks(host) == []
    installation.unregister_webhook(REPO, webhook_id=made)
    for bad in ("", "x", "7/../8", "²"):
        with pytest.raises(InvalidArgument):
            installation.unregister_webhook(REPO, webhook_id=bad)


def test_what_the_host_refuses(installation, host):
    with pytest.raises(HostForbidden):
        installation.register_webhook(RepositoryRef(identifier="acme/none"), url=URL, secret="s")
    host.faults.add(Fault(kind="status", status=422, match="/hooks", method="POST", times=1))
    with pytest.raises(HostRejected):
        installation.register_webhook(REPO, url=URL, secret="s")
    host.faults.add(Fault(kind="status", status=404, match="/hooks", method="POST", times=1))
    with pytest.raises(NotFound):
        installation.register_webhook(REPO, url=URL, secret="s")
