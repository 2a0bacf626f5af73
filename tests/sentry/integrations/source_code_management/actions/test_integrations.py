"""Adding and listing integrations: what is checked, stored, and never shown."""

import dataclasses
from typing import Any

import pytest
from django.db import connection

from sentry import features
from sentry.actions.operator import operator_in
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.integrations.source_code_management.actions.integrations import (
    IntegrationState,
    add_integration,
    list_integrations,
    replace_credential,
)
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    ProviderDisabled,
)
from sentry.models import Integration, OrganizationIntegration
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db
SECRET = "ghp_hunter2hunter2hunter2"


def add(organization_id: int, **fields: Any) -> Any:
    values = {"provider": "github", "metadata": {"token": SECRET}, "verify": False}
    return add_integration(operator_in(organization_id), **{**values, **fields})


def test_it_is_stored_encrypted_and_listed_without_its_credential() -> None:
    organization = Factories.create_organization()
    made = add(organization.id, name=" Our GitHub ")
    assert (made.provider, made.name, made.state) == ("github", "Our GitHub", "active")
    assert list_integrations(operator_in(organization.id)) == [made]
    assert list_integrations(operator_in(organization.id), provider="gitlab") == []
    assert list_integrations(operator_in(Factories.create_organization().id)) == []
    assert SECRET not in repr(made)
    assert Integration.objects.get().plain_metadata()["token"] == SECRET
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata FROM sentry_integration")
        assert SECRET not in cursor.fetchone()[0]


def test_without_a_name_it_is_called_by_its_identity() -> None:
    made = add(Factories.create_organization().id)
    assert made.name == made.external_id


def test_the_same_identity_gets_the_new_credential() -> None:
    organization = Factories.create_organization()
    first = add(organization.id, name="Old")
    identity = {"base_url": "https://api.github.com", "web_url": "https://github.com"}
    second = add(organization.id, name="New", metadata={"token": SECRET, **identity})
    assert (second.id, second.name) == (first.id, "New")
    assert OrganizationIntegration.objects.count() == 1


def test_an_identity_of_another_organization_is_refused() -> None:
    first = add(Factories.create_organization().id)
    with pytest.raises(AlreadyExists, match="another organization"):
        add(Factories.create_organization().id)
    assert [row.id for row in Integration.objects.all()] == [first.id]
    assert OrganizationIntegration.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"provider": "nonsense"}, "provider: must be one of: "),
        ({"metadata": {}}, "metadata: needs exactly one of token and app"),
        ({"metadata": {"token": "hunter2 with spaces"}}, "token: "),
        ({"metadata": {"token": SECRET, "other": "hunter2"}}, "other: "),
        ({"metadata": {"token": SECRET, "base_url": "ftp://hunter2"}}, "base_url: "),
        (
            {
                "metadata": {
                    "app": {"app_id": "1", "installation_id": "2", "private_key": "hunter2"}
                }
            },
            "app.private_key: must be an RSA private key",
        ),
        ({"name": "x" * 201}, "name: is longer than 200"),
    ],
)
def test_what_is_wrong_is_told_by_its_field_and_never_shown(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        add(Factories.create_organization().id, **fields)
    assert caught.value.message.startswith(message)
    assert "hunter2" not in caught.value.message
    assert not Integration.objects.exists()


def test_a_provider_that_is_switched_off_is_refused() -> None:
    flag = {GitHubIntegrationProvider.feature: False}
    with features.override(flag), pytest.raises(ProviderDisabled):
        add(Factories.create_organization().id)


def renew(organization_id: int, integration_id: int, **fields: Any) -> Any:
    values = {"metadata": {"token": "ghp_new"}, "verify": False}
    caller = operator_in(organization_id)
    return replace_credential(caller, integration_id=integration_id, **{**values, **fields})


def test_a_new_credential_leaves_all_else_as_it_is() -> None:
    organization = Factories.create_organization()
    host = {"base_url": "https://git.example/api/v3", "web_url": "https://git.example"}
    first = add(organization.id, name="Ours", metadata={"token": SECRET, **host})
    second = renew(organization.id, first.id)
    assert second == dataclasses.replace(first, external_id=second.external_id)
    assert second.external_id not in ("", first.external_id)
    assert list_integrations(operator_in(organization.id)) == [second]
    metadata = Integration.objects.get().plain_metadata()
    assert metadata == {**host, "token": "ghp_new", "app": None}
    assert add(organization.id, metadata={"token": "ghp_new", **host}).id == first.id


@pytest.mark.parametrize("base_url", ["https://git.example/api/v3", "https://git.example/api/v3/"])
def test_the_same_host_may_come_along(base_url: str) -> None:
    organization = Factories.create_organization()
    host = {"base_url": "https://git.example/api/v3", "web_url": "https://git.example"}
    first = add(organization.id, metadata={"token": SECRET, **host})
    renew(organization.id, first.id, metadata={"token": "ghp_new", "base_url": base_url})
    assert Integration.objects.get().plain_metadata() == {**host, "token": "ghp_new", "app": None}


def test_a_credential_of_another_integration_is_refused() -> None:
    organization = Factories.create_organization()
    first = add(organization.id)
    second = add(organization.id, metadata={"token": "ghp_new"})
    with pytest.raises(AlreadyExists, match="another integration"):
        renew(organization.id, first.id)
    assert {one.id for one in list_integrations(operator_in(organization.id))} == {
        first.id, second.id,
    }  # fmt: skip
    assert Integration.objects.get(id=first.id).plain_metadata()["token"] == SECRET


def test_an_integration_of_another_organization_is_not_found() -> None:
    made = add(Factories.create_organization().id)
    other = Factories.create_organization().id
    for integration_id in (made.id, made.id + 1):
        with pytest.raises(NotFound, match="integration"):
            renew(other, integration_id)
    assert Integration.objects.get().plain_metadata()["token"] == SECRET


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"token": "ghp_new", "base_url": "https://elsewhere.example"}, "base_url"),
        ({"token": "ghp_new", "web_url": "https://elsewhere.example"}, "web_url"),
        ({"token": "with spaces"}, "token"),
        ({}, "metadata"),
    ],
)
def test_a_credential_alone_is_taken(metadata: dict[str, object], field: str) -> None:
    organization = Factories.create_organization()
    made = add(organization.id)
    with pytest.raises(InvalidArgument) as refusal:
        renew(organization.id, made.id, metadata=metadata)
    assert refusal.value.field == field
    assert Integration.objects.get().plain_metadata()["token"] == SECRET


@pytest.mark.parametrize("model", [Integration, OrganizationIntegration])
def test_either_side_disables_it(model: Any) -> None:
    organization = Factories.create_organization()
    add(organization.id)
    model.objects.update(status=1)
    (listed,) = list_integrations(operator_in(organization.id))
    assert listed.state is IntegrationState.DISABLED
