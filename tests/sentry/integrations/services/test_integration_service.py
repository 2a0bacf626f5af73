"""The integration service: what it hands out, and to whom an integration belongs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError

from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.models import Integration, OrganizationIntegration
from sentry.models.integrations.integration import ObjectStatus
from sentry.silo import SiloMode
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db
SECRET = "hunter2hunter2"


def install(organization_id: int, external_id: str = "42", **fields):
    values = {"provider": "github", "name": "Acme", "metadata": {"token": SECRET}, **fields}
    return integration_service.install(
        organization_id=organization_id, external_id=external_id, **values
    )


def test_both_sides_in_one_statement(django_assert_num_queries) -> None:
    organization = Factories.create_organization()
    row = Factories.create_integration(
        organization=organization,
        metadata={"token": SECRET},
        status=ObjectStatus.DISABLED,
        organization_integration={"config": {"a": 1}},
    )
    with django_assert_num_queries(1):
        found = integration_service.get_installed(
            organization_id=organization.id, integration_id=row.pk
        )
    assert found is not None
    tie = OrganizationIntegration.objects.get()
    assert found.integration == RpcIntegration(
        id=row.pk, provider="github", external_id=row.external_id, name=row.name,
        status=ObjectStatus.DISABLED, metadata={"token": SECRET},
    )  # fmt: skip
    assert (found.organization_integration.id, found.organization_integration.status) == (tie.id, 0)
    assert found.organization_integration.config == {"a": 1}
    assert SECRET not in f"{found!r} {found}"


def test_another_organizations_is_not_found() -> None:
    row = Factories.create_integration(organization=Factories.create_organization())
    other = Factories.create_organization()
    ask = integration_service.get_installed
    assert ask(organization_id=other.id, integration_id=row.pk) is None
    assert ask(organization_id=row.pk, integration_id=404) is None
    assert integration_service.list_installed(organization_id=other.id) == []


def test_the_broken_ones_of_all_organizations(django_assert_num_queries) -> None:
    first, second = (Factories.create_organization() for _ in range(2))
    times = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 2)]
    late, early = (
        Factories.create_integration(organization=each, broken_reason="no", broken_at=since)
        for each, since in zip((first, second), times, strict=True)
    )
    off: dict[str, Any] = {"broken_reason": "no", "broken_at": times[0]}
    Factories.create_integration(organization=first, status=ObjectStatus.DISABLED, **off)
    Factories.create_integration(
        organization=first, organization_integration={"status": ObjectStatus.DISABLED}, **off
    )
    Factories.create_integration(organization=first)
    with django_assert_num_queries(1):
        found = integration_service.list_broken()
    assert [(each.organization_id, each.integration_id, each.since) for each in found] == [
        (second.id, early.pk, times[1]),
        (first.id, late.pk, times[0]),
    ]
    assert {(each.provider, each.reason) for each in found} == {("github", "no")}


def test_they_are_listed_by_name(django_assert_num_queries) -> None:
    organization = Factories.create_organization()
    for name, provider in (("b", "github"), ("c", "gitlab"), ("a", "github")):
        Factories.create_integration(organization=organization, name=name, provider=provider)
    with django_assert_num_queries(1):
        found = integration_service.list_installed(organization_id=organization.id)
    assert [each.integration.name for each in found] == ["a", "b", "c"]
    of_github = integration_service.list_installed(
        organization_id=organization.id, provider="github"
    )
    assert [each.integration.name for each in of_github] == ["a", "b"]


def test_installing_twice_brings_it_up_to_date() -> None:
    organization = Factories.create_organization()
    first = install(organization.id)
    second = install(organization.id, name="New name", metadata={"token": "other"})
    assert second.integration.id == first.integration.id
    assert second.organization_integration == first.organization_integration
    assert (second.integration.name, second.integration.metadata) == (
        "New name", {"token": "other"},
    )  # fmt: skip
    assert Integration.objects.get().plain_metadata() == {"token": "other"}
    assert OrganizationIntegration.objects.count() == 1


def test_one_that_no_organization_has_may_be_taken() -> None:
    first = install(Factories.create_organization().id)
    OrganizationIntegration.objects.all().delete()
    taken = install(Factories.create_organization().id)
    assert taken.integration.id == first.integration.id


def test_another_organizations_credential_is_not_replaced() -> None:
    owner, other = Factories.create_organization(), Factories.create_organization()
    install(owner.id)
    with pytest.raises(PermissionError):
        install(other.id, metadata={"token": "stolen"})
    assert Integration.objects.get().plain_metadata() == {"token": SECRET}
    assert OrganizationIntegration.objects.get().organization_id == owner.id


def test_a_shared_one_may_be_renewed_by_each_of_its_organizations() -> None:
    owner, friend = Factories.create_organization(), Factories.create_organization()
    made = install(owner.id)
    Factories.create_organization_integration(
        organization_id=friend.id, integration=Integration.objects.get()
    )
    assert install(friend.id, name="Ours").integration.id == made.integration.id
    assert OrganizationIntegration.objects.count() == 2


def test_nothing_is_half_installed() -> None:
    with pytest.raises(IntegrityError):
        install(None)  # type: ignore[arg-type] # what breaks the second of the two writes
    assert not Integration.objects.exists()


def replace(organization_id: int, integration_id: int, external_id: str):
    return integration_service.replace_metadata(
        organization_id=organization_id, integration_id=integration_id,
        external_id=external_id, metadata={"token": "new"},
    )  # fmt: skip


def test_metadata_are_replaced_with_the_identity_alone() -> None:
    organization = Factories.create_organization()
    first = install(organization.id)
    changed = replace(organization.id, first.integration.id, "43")
    assert changed is not None
    update = {"external_id": "43", "metadata": {"token": "new"}, "credential_version": 1}
    assert changed.integration == first.integration.model_copy(update=update)
    assert changed.organization_integration == first.organization_integration
    again = replace(organization.id, first.integration.id, "43")
    assert again is not None
    assert again.integration.credential_version == 2
    assert Integration.objects.get().plain_metadata() == {"token": "new"}


def test_metadata_of_another_organizations_are_not_replaced() -> None:
    made = install(Factories.create_organization().id)
    assert replace(Factories.create_organization().id, made.integration.id, "43") is None
    assert Integration.objects.get().plain_metadata() == {"token": SECRET}


def test_an_identity_belongs_to_one_integration() -> None:
    organization = Factories.create_organization()
    first, second = install(organization.id), install(organization.id, "43")
    with pytest.raises(ValueError, match="another integration"):
        replace(organization.id, first.integration.id, "43")
    rows = {row.id: (row.external_id, row.plain_metadata()) for row in Integration.objects.all()}
    kept = {"token": SECRET}
    assert rows == {first.integration.id: ("42", kept), second.integration.id: ("43", kept)}


def take(organization_id: int, integration_id: int, holder: str):
    return integration_service.take_credential_turn(
        organization_id=organization_id, integration_id=integration_id, holder=holder, seconds=60
    )


def test_one_at_a_time_renews_a_credential() -> None:
    organization, other = Factories.create_organization(), Factories.create_organization()
    made = install(organization.id).integration
    first, second = (take(organization.id, made.id, holder) for holder in ("a", "b"))
    assert first is not None
    assert second is not None
    assert (first.mine, second.mine) == (True, False)
    assert first.metadata == second.metadata == {"token": SECRET}
    assert SECRET not in repr(first)
    assert take(other.id, made.id, "c") is None
    for organization_id, holder in ((other.id, "a"), (organization.id, "b")):
        integration_service.end_credential_turn(
            organization_id=organization_id, integration_id=made.id, holder=holder
        )
    again = take(organization.id, made.id, "b")
    assert again is not None
    assert not again.mine
    integration_service.end_credential_turn(
        organization_id=organization.id, integration_id=made.id, holder="a"
    )
    last = take(organization.id, made.id, "b")
    assert last is not None
    assert last.mine


def test_a_credential_is_swapped_for_the_expected_one_alone() -> None:
    organization = Factories.create_organization()
    made = install(organization.id).integration

    def swap(organization_id: int, expected: str, token: str):
        return integration_service.rotate_credential(
            organization_id=organization_id, integration_id=made.id,
            expected={"token": expected}, metadata={"token": token},
        )  # fmt: skip

    assert swap(organization.id, "another", "new") == {"token": SECRET}
    assert swap(Factories.create_organization().id, SECRET, "new") is None
    assert Integration.objects.get().plain_metadata() == {"token": SECRET}
    assert swap(organization.id, SECRET, "new") == {"token": "new"}
    row = Integration.objects.get()
    assert (row.plain_metadata(), row.external_id, row.name) == ({"token": "new"}, "42", "Acme")


def test_it_belongs_to_the_control_silo() -> None:
    assert (integration_service.key, integration_service.local_mode) == (
        "integration", SiloMode.CONTROL,
    )  # fmt: skip
