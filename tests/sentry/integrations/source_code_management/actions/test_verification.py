"""What the host says of a credential before it is stored: whose it is, and what it lacks."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from forge_emulator import Emulator, HostedRepository
from forge_emulator.faults import Fault
from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller
from sentry.integrations.base import IntegrationProvider
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions.integrations import (
    InstalledIntegration,
    IntegrationState,
    add_integration,
    get_integration,
    list_integrations,
    replace_credential,
)
from sentry.integrations.source_code_management.actions.sync import sync_repositories
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
    ScmError,
    ServiceUnavailable,
)
from sentry.models import Integration
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import build_repository

pytestmark = pytest.mark.django_db
TOKENS = {
    "ghp_old": ("dora", "repo"),
    "ghp_new": ("dora", "repo"),
    "ghp_poor": ("dora", "gist"),
    "ghp_other": ("emil", "repo"),
}


@pytest.fixture
def accounts(host: Emulator):
    """A host with accounts; ``host`` makes the platform reach loopback and forget."""
    with Emulator(dialect="github", repositories=[], tokens=TOKENS) as running:
        yield running


def add(
    organization_id: int, accounts: Emulator, token: str = "ghp_old", **fields: Any
) -> InstalledIntegration:
    metadata = {"base_url": accounts.url, "web_url": accounts.url, "token": token}
    caller = operator_in(organization_id)
    return add_integration(caller, **{"provider": "github", "metadata": metadata, **fields})


def host_of(accounts: Emulator) -> str:
    return accounts.url.removeprefix("http://")


def test_the_account_is_the_identity(accounts: Emulator) -> None:
    organization = Factories.create_organization()
    made = add(organization.id, accounts)
    assert made.name == "dora"
    assert made.external_id.startswith(f"{host_of(accounts)}:user-")
    assert [request.path for request in accounts.requests] == ["/user"]
    again = add(organization.id, accounts, "ghp_new")
    assert again == made, "another token of the same account"
    assert Integration.objects.get().plain_metadata()["token"] == "ghp_new"
    other = add(organization.id, accounts, "ghp_other")
    assert (other.name, other.id == made.id) == ("emil", False)


def test_a_name_stays_until_another_one_is_given(accounts: Emulator) -> None:
    organization = Factories.create_organization()
    names = ["Ours", "", "Theirs"]
    made = [add(organization.id, accounts, name=name).name for name in names]
    assert made == ["Ours", "Ours", "Theirs"]


def test_one_that_was_stored_without_asking_is_found_again(accounts: Emulator) -> None:
    organization = Factories.create_organization()
    first = add(organization.id, accounts, verify=False)
    assert ":token-" in first.external_id
    second = add(organization.id, accounts)
    assert second.id == first.id
    assert ":user-" in second.external_id
    # the other way round too: the token is not known by itself any more, but it is the host's
    assert add(organization.id, accounts).id == first.id


def test_an_unverified_one_of_another_organization_is_left_alone(accounts: Emulator) -> None:
    first = add(Factories.create_organization().id, accounts, verify=False)
    second = add(Factories.create_organization().id, accounts)
    assert second.id != first.id
    assert Integration.objects.get(pk=first.id).external_id == first.external_id


def test_an_account_of_another_organization_is_refused(accounts: Emulator) -> None:
    add(Factories.create_organization().id, accounts)
    with pytest.raises(AlreadyExists, match="another organization"):
        add(Factories.create_organization().id, accounts, "ghp_new")


def test_what_is_missing_is_named(accounts: Emulator) -> None:
    with pytest.raises(InvalidArgument, match="metadata: the credential lacks: repo") as refusal:
        add(Factories.create_organization().id, accounts, "ghp_poor")
    assert "ghp_poor" not in str(refusal.value)
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="status", status=401), IntegrationBroken),
        (Fault(kind="status", status=403), HostForbidden),
        (Fault(kind="drop"), HostUnavailable),
        (Fault(kind="html", status=200), HostUnavailable),
    ],
    ids=["401", "403", "drop", "html"],
)
def test_without_a_yes_nothing_is_stored(
    accounts: Emulator, fault: Fault, error: type[ScmError]
) -> None:
    organization = Factories.create_organization()
    kept = add(organization.id, accounts)
    before = Integration.objects.get().plain_metadata()
    accounts.faults.add(fault)
    with pytest.raises(error):
        add(organization.id, accounts, "ghp_other")
    with pytest.raises(error):
        replace(organization.id, kept.id, "ghp_new")
    assert Integration.objects.get().plain_metadata() == before


def replace(organization_id: int, integration_id: int, token: str) -> InstalledIntegration:
    return replace_credential(
        operator_in(organization_id), integration_id=integration_id, metadata={"token": token}
    )


def test_a_replacement_is_asked_for_too(accounts: Emulator) -> None:
    organization = Factories.create_organization()
    first = add(organization.id, accounts)
    assert replace(organization.id, first.id, "ghp_new") == first
    other = replace(organization.id, first.id, "ghp_other")
    assert other.external_id != first.external_id
    with pytest.raises(InvalidArgument, match="lacks: repo"):
        replace(organization.id, first.id, "ghp_poor")
    second = add(organization.id, accounts)
    with pytest.raises(AlreadyExists, match="another integration"):
        replace(organization.id, second.id, "ghp_other")


@pytest.fixture
def oauth_host(host: Emulator, tmp_path) -> Iterator[Emulator]:
    """A host whose applications' refresh tokens are good for one use."""
    git = build_repository(tmp_path / "shop")
    hosted = HostedRepository(full_name="acme/shop", path=git.path)
    with Emulator(dialect="gitlab", repositories=[hosted]) as running:
        running.add_oauth_client("app", "app-s3cret")
        yield running


def oauth(oauth_host: Emulator, *, login: str = "dora", scope: str = "api") -> dict[str, object]:
    """An OAuth credential whose access token has ended."""
    grant = oauth_host.give_oauth("app", login, scope)
    return {
        "client_id": "app",
        "client_secret": "app-s3cret",
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "expires_at": 1,
    }


def test_a_pair_that_the_check_renewed_is_what_is_stored(oauth_host: Emulator) -> None:
    caller = operator_in(Factories.create_organization().id)
    given = oauth(oauth_host)
    metadata = {"base_url": oauth_host.url, "oauth": given}
    made = add_integration(caller, provider="gitlab", metadata=metadata)
    stored = Integration.objects.get().plain_metadata()["oauth"]
    assert stored["refresh_token"] not in ("", given["refresh_token"])
    assert sync_repositories(caller, integration_id=made.id).created == 1

    # the same account authorizes the application anew
    again = {"oauth": oauth(oauth_host)}
    assert replace_credential(caller, integration_id=made.id, metadata=again) == made
    stored = Integration.objects.get().plain_metadata()["oauth"]
    assert stored["refresh_token"] != again["oauth"]["refresh_token"]
    assert sync_repositories(caller, integration_id=made.id).unchanged == 1


LOST = "the refresh token was used in this attempt"


def add_oauth(caller: Caller, oauth_host: Emulator, given: dict[str, object]) -> ScmError:
    """Adds it in vain; the error tells no secret."""
    metadata = {"base_url": oauth_host.url, "oauth": given}
    with pytest.raises(ScmError) as refusal:
        add_integration(caller, provider="gitlab", metadata=metadata)
    assert not any(str(secret) in str(refusal.value) for secret in given.values() if secret != 1)
    return refusal.value


@pytest.mark.parametrize("ended", [True, False])
def test_a_pair_that_a_failed_check_used_up_is_told(oauth_host: Emulator, ended: bool) -> None:
    caller = operator_in(Factories.create_organization().id)
    given = {**oauth(oauth_host), **({} if ended else {"expires_at": int(time.time()) + 30})}
    oauth_host.faults.add(Fault(kind="status", status=503, match="/user"))
    error = add_oauth(caller, oauth_host, given)
    assert isinstance(error, HostUnavailable)
    assert (LOST in error.message) is ended
    asked = [request.path for request in oauth_host.requests]
    assert ("/oauth/token" in asked) is ended
    oauth_host.faults.clear()
    metadata = {"base_url": oauth_host.url, "oauth": given}
    if ended:
        assert isinstance(add_oauth(caller, oauth_host, given), IntegrationBroken)
    else:
        assert add_integration(caller, provider="gitlab", metadata=metadata).name == "dora"


def test_one_that_is_rejected_and_lacks_a_permission_is_told(oauth_host: Emulator) -> None:
    caller = operator_in(Factories.create_organization().id)
    given = {**oauth(oauth_host, scope="read_user"), "expires_at": None}
    oauth_host.revoke_token(str(given["access_token"]))
    error = add_oauth(caller, oauth_host, given)
    assert isinstance(error, InvalidArgument)
    assert error.field == "metadata"
    assert error.description.startswith("the credential lacks: api; ")
    assert LOST in error.description


def test_one_that_another_organization_has_is_told(oauth_host: Emulator) -> None:
    metadata = {"base_url": oauth_host.url, "oauth": oauth(oauth_host)}
    first = operator_in(Factories.create_organization().id)
    add_integration(first, provider="gitlab", metadata=metadata)
    second = operator_in(Factories.create_organization().id)
    error = add_oauth(second, oauth_host, oauth(oauth_host))
    assert isinstance(error, AlreadyExists)
    assert LOST in error.message
    still = {**oauth(oauth_host), "expires_at": None}
    assert LOST not in add_oauth(second, oauth_host, still).message


def test_a_replacement_that_is_not_stored_is_told(oauth_host: Emulator) -> None:
    caller = operator_in(Factories.create_organization().id)
    metadata = {"base_url": oauth_host.url, "oauth": oauth(oauth_host)}
    add_integration(caller, provider="gitlab", metadata=metadata)
    metadata = {"base_url": oauth_host.url, "oauth": oauth(oauth_host, login="emil")}
    other = add_integration(caller, provider="gitlab", metadata=metadata)
    again = {"oauth": oauth(oauth_host)}
    with pytest.raises(AlreadyExists, match=LOST):
        replace_credential(caller, integration_id=other.id, metadata=again)


def test_a_database_that_does_not_store_it_is_told(
    oauth_host: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = operator_in(Factories.create_organization().id)

    def locked(**_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(integration_service, "install", locked)
    error = add_oauth(caller, oauth_host, oauth(oauth_host))
    assert isinstance(error, ServiceUnavailable)
    assert LOST in error.message
    still = {**oauth(oauth_host), "expires_at": None}
    with pytest.raises(OperationalError):
        add_integration(
            caller, provider="gitlab", metadata={"base_url": oauth_host.url, "oauth": still}
        )


def test_a_refresh_token_that_was_used_elsewhere_breaks_it(oauth_host: Emulator) -> None:
    caller = operator_in(Factories.create_organization().id)
    metadata = {"base_url": oauth_host.url, "oauth": oauth(oauth_host)}
    made = add_integration(caller, provider="gitlab", metadata=metadata, verify=False)
    add_integration(caller, provider="gitlab", metadata=metadata, name="uses it up")
    row = Integration.objects.get(pk=made.id)
    row.metadata = {**row.plain_metadata(), "oauth": metadata["oauth"]}
    row.save()
    with pytest.raises(IntegrationBroken, match="authorize the integration again"):
        sync_repositories(caller, integration_id=made.id)
    (told,) = list_integrations(caller)
    assert told.state is IntegrationState.BROKEN
    assert "refresh token" in (told.broken_reason or "")


def test_one_integration(accounts: Emulator) -> None:
    organization = Factories.create_organization()
    made = add(organization.id, accounts)
    assert get_integration(operator_in(organization.id), integration_id=made.id) == made
    assert list_integrations(operator_in(organization.id)) == [made]
    with pytest.raises(NotFound):
        get_integration(operator_in(Factories.create_organization().id), integration_id=made.id)


def test_a_long_identity_fits_its_column() -> None:
    provider: type[IntegrationProvider] = GitHubIntegrationProvider
    metadata = provider.metadata_model.model_validate({"token": "t"})
    long = provider.external_id_on_host(metadata, "x" * 400)
    assert len(long) <= 256
    assert long != provider.external_id_on_host(metadata, "x" * 401)
    assert provider.external_id_on_host(metadata, "") == ""
    assert provider.external_id_on_host(metadata, "user-1") == "api.github.com:user-1"
