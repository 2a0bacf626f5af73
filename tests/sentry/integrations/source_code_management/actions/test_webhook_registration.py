"""Secrets and registrations of webhooks, against the emulated host."""

from typing import Any

import pytest

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.actions.webhook_registration import (
    register_webhook,
    register_webhooks,
    unregister_webhook,
    unregister_webhooks,
)
from sentry.integrations.source_code_management.actions.webhook_secrets import (
    MOST_SECRETS,
    add_webhook_secret,
    first_webhook_secret,
    forget_old_webhook_secrets,
    webhook_address,
)
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    InvalidArgument,
    NotFound,
    PreconditionFailed,
    Unsupported,
)
from sentry.models import Integration, Repository
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import Scene

from .conftest import caller_in

PREFIX = "https://sentry.example.com/below"


def secrets_of(scene: Scene) -> list[str]:
    return Integration.objects.get(pk=scene.integration.pk).plain_webhook_secrets()


def hooks(scene: Scene):
    return scene.emulator.world.store.hooks(int(scene.repository.external_id or 0))


# --- secrets -----------------------------------------------------------------------------------


def test_the_newest_secret_comes_first(own: Scene) -> None:
    caller = caller_in(own)
    which: dict[str, Any] = {"integration_id": own.integration.pk}
    made = [add_webhook_secret(caller, **which) for _ in range(MOST_SECRETS + 2)]
    assert len(set(made)) == len(made)
    assert all(len(each) >= 40 for each in made)
    assert secrets_of(own) == made[::-1][:MOST_SECRETS]
    assert first_webhook_secret(caller, **which) == made[-1]
    assert add_webhook_secret(caller, **which, secret=made[-2]) == made[-2]
    assert secrets_of(own)[:2] == [made[-2], made[-1]]
    assert forget_old_webhook_secrets(caller, **which) == MOST_SECRETS - 1
    assert secrets_of(own) == [made[-2]]
    assert forget_old_webhook_secrets(caller, **which) == 0


def test_the_first_secret_is_made_once(own: Scene) -> None:
    caller = caller_in(own)
    which: dict[str, Any] = {"integration_id": own.integration.pk}
    assert forget_old_webhook_secrets(caller, **which) == 0
    made = first_webhook_secret(caller, **which)
    assert first_webhook_secret(caller, **which) == made
    assert secrets_of(own) == [made]


@pytest.mark.parametrize("secret", ["short", "x" * 256, "with a space in it", "ünïcode-secret-ünï"])
def test_a_secret_that_no_host_takes(own: Scene, secret: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        add_webhook_secret(caller_in(own), integration_id=own.integration.pk, secret=secret)
    assert secret not in str(raised.value)


def test_another_organizations_integration(own: Scene) -> None:
    foreign = Factories.create_integration(organization=Factories.create_organization())
    caller = caller_in(own)
    which: dict[str, Any] = {"integration_id": foreign.pk}
    for action in (
        add_webhook_secret,
        first_webhook_secret,
        forget_old_webhook_secrets,
        webhook_address,
        lambda *args, **how: list(register_webhooks(*args, **how)),
        lambda *args, **how: list(unregister_webhooks(*args, **how)),
    ):
        with pytest.raises(NotFound):
            action(caller, **which)


def test_a_host_without_webhooks(own: Scene) -> None:
    other = Factories.create_integration(organization=own.organization, provider="nonsense")
    with pytest.raises(Unsupported):
        add_webhook_secret(caller_in(own), integration_id=other.pk)


# --- registrations -----------------------------------------------------------------------------


def test_all_active_repositories(own: Scene, tmp_path) -> None:
    caller = caller_in(own)
    which: dict[str, Any] = {"integration_id": own.integration.pk}
    own.emulator.add_repository(HostedRepository(full_name="acme/b", path=own.git.path, id=5))
    shared: dict[str, Any] = {
        "organization_id": own.organization.id,
        "integration_id": own.integration.pk,
    }
    Factories.create_repo(**shared, name="acme/b", external_id="5")
    Factories.create_repo(**shared, name="acme/gone", external_id="6")
    Factories.create_repo(**shared, name="acme/off", external_id="7", status=1)
    Factories.create_repo(organization_id=own.organization.id, name="acme/other", external_id="8")
    with override_options({"system.url-prefix": PREFIX}):
        told = list(register_webhooks(caller, **which))
        again = list(register_webhooks(caller, **which))
        assert webhook_address(caller, **which).startswith(PREFIX)
    assert [each.name for each in told] == ["acme/b", "acme/gone", "acme/shop"]
    assert [bool(each.problem) for each in told] == [False, True, False]
    assert [each.webhook_id for each in again] == [each.webhook_id for each in told]
    (hook,) = hooks(own)
    assert hook.config["url"] == f"{PREFIX}/extensions/github/webhook/{own.integration.pk}/"
    assert [hook.config["secret"]] == secrets_of(own)
    config = Repository.objects.get(pk=own.repository.id).config
    assert config == {
        "default_branch": "main",
        "identifier": "acme/shop",
        "webhook_id": str(hook.id),
    }

    newer = add_webhook_secret(caller, **which)
    with override_options({"system.url-prefix": PREFIX}):
        list(register_webhooks(caller, **which))
    assert hooks(own)[0].config["secret"] == newer

    ended = list(unregister_webhooks(caller, **which))
    assert [each.name for each in ended] == ["acme/b", "acme/shop"]
    assert hooks(own) == []
    assert "webhook_id" not in Repository.objects.get(pk=own.repository.id).config
    assert list(unregister_webhooks(caller, **which)) == []


def test_without_an_address_of_ours_nothing_is_asked(own: Scene) -> None:
    with pytest.raises(PreconditionFailed, match=r"system\.url-prefix"):
        list(register_webhooks(caller_in(own), integration_id=own.integration.pk))
    assert own.emulator.requests == []


def test_a_host_that_is_down_ends_it(own: Scene) -> None:
    own.emulator.faults.add(Fault(kind="status", status=503))
    with override_options({"system.url-prefix": PREFIX}), pytest.raises(HostUnavailable):
        list(register_webhooks(caller_in(own), integration_id=own.integration.pk))


def test_our_address_is_checked() -> None:
    for good in ("", "https://a.example", "http://127.0.0.1:9000", "https://a.example/x/y"):
        with override_options({"system.url-prefix": good}):
            pass
    from sentry import options

    option = next(each for each in options.all_options() if each.name == "system.url-prefix")
    for bad in (
        "a.example",
        "ftp://a",
        "https://u@a/",
        "https://a/?x",
        "https://a/#x",
        "https://a/",
    ):
        with pytest.raises(ValueError, match="expected"):
            option.check(bad)


def test_one_repository(own: Scene) -> None:
    caller, which = caller_in(own), own.repository.id
    with override_options({"system.url-prefix": PREFIX}):
        made = register_webhook(caller, repository_id=which)
        assert register_webhook(caller, repository_id=which) == made
    (hook,) = hooks(own)
    assert (made.repository_id, made.name, made.webhook_id, made.problem) == (
        which, "acme/shop", str(hook.id), "",
    )  # fmt: skip
    assert [hook.config["secret"]] == secrets_of(own)
    assert Repository.objects.get(pk=which).config["webhook_id"] == str(hook.id)
    for _ in range(2):
        assert unregister_webhook(caller, repository_id=which).webhook_id == ""
        assert hooks(own) == []
    assert "webhook_id" not in Repository.objects.get(pk=which).config


def test_one_repository_that_cannot_be(own: Scene) -> None:
    foreign = Factories.create_repo(
        organization_id=Factories.create_organization().id, integration_id=own.integration.pk
    )
    lonely = Factories.create_repo(organization_id=own.organization.id)
    for action in (register_webhook, unregister_webhook):
        for repository, kind in ((foreign, NotFound), (lonely, PreconditionFailed)):
            with pytest.raises(kind):
                action(caller_in(own), repository_id=repository.id)
    with pytest.raises(PreconditionFailed, match=r"system\.url-prefix"):
        register_webhook(caller_in(own), repository_id=own.repository.id)
    assert hooks(own) == []
