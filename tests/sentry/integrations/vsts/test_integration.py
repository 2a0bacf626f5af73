"""The provider's metadata, and what the registry is told of it."""

import pytest
from pydantic import ValidationError

from sentry.actions.operator import operator_in
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.actions.integrations import replace_credential
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.types import Capability
from sentry.integrations.vsts.endpoints import Endpoints, vsts_endpoints
from sentry.integrations.vsts.integration import (
    VstsIntegration,
    VstsIntegrationProvider,
    VstsMetadata,
)
from sentry.testutils.factories import Factories

ORGANIZATION = "https://dev.azure.com/acme"


@pytest.mark.parametrize(
    "base_url",
    [ORGANIZATION, f"{ORGANIZATION}/", "https://tfs.example:8080/tfs/DefaultCollection",
     "https://acme.visualstudio.com/DefaultCollection"],
)  # fmt: skip
def test_an_organization_and_a_collection_are_addresses(base_url):
    metadata = VstsMetadata.model_validate({"base_url": base_url, "token": "t"})
    assert metadata.endpoints().api == base_url.rstrip("/")


@pytest.mark.parametrize(
    "changed",
    [
        {"base_url": "https://dev.azure.com"},
        {"base_url": "https://dev.azure.com/"},
        {"base_url": "ftp://dev.azure.com/acme"},
        {"base_url": "https://user@dev.azure.com/acme"},
        {"base_url": "https://dev.azure.com/acme?x"},
        {"search_url": "nowhere"},
        {"login_url": "https://user@login/"},
        {"token": ""},
        {"token": "a b"},
        {"token": "ä"},
        {"token": None, "entra": {"tenant": "a/b", "client_id": "c", "client_secret": "s"}},
        {"token": None, "entra": {"tenant": "..", "client_id": "c", "client_secret": "s"}},
        {"token": None, "entra": {"tenant": "t", "client_id": "c", "client_secret": ""}},
        {"token": None},
    ],
)
def test_metadata_that_cannot_be(changed):
    with pytest.raises(ValidationError) as refusal:
        VstsMetadata.model_validate({"base_url": ORGANIZATION, "token": "t", **changed})
    assert "client_secret='s'" not in str(refusal.value)


@pytest.mark.parametrize(
    ("base_url", "search"),
    [
        (ORGANIZATION, "https://almsearch.dev.azure.com/acme"),
        ("https://acme.visualstudio.com/x", "https://almsearch.dev.azure.com/acme"),
        ("https://tfs.example/tfs/C", "https://tfs.example/tfs/C"),
    ],
)
def test_where_the_search_is(base_url, search):
    def found(search_url: str | None) -> Endpoints:
        return vsts_endpoints(
            base_url=base_url, web_url=None, search_url=search_url, login_url="https://l.example/"
        )

    usual = found(None)
    assert (usual.search, usual.web, usual.login) == (search, base_url, "https://l.example")
    assert found("https://s.example/a/").search == "https://s.example/a"


def test_stored_metadata_that_are_broken_break_the_integration():
    model = RpcIntegration(
        id=1, provider="vsts", external_id="1", name="n", status=0, metadata={"token": "t"}
    )
    with pytest.raises(IntegrationBroken):
        VstsIntegration(model, organization_id=7).get_client()


def test_identities_tell_organizations_and_credentials_apart():
    entra = {"tenant": "t", "client_id": "c", "client_secret": "s"}
    found = [
        VstsIntegrationProvider.external_id_of(VstsMetadata.model_validate(values))
        for values in (
            {"base_url": ORGANIZATION, "token": "t"},
            {"base_url": f"{ORGANIZATION}2", "token": "t"},
            {"base_url": ORGANIZATION, "token": "u"},
            {"base_url": ORGANIZATION, "entra": entra},
            {"base_url": ORGANIZATION, "entra": {**entra, "tenant": "u"}},
        )
    ]
    assert len(set(found)) == len(found)
    rotated = {"base_url": ORGANIZATION, "entra": {**entra, "client_secret": "new"}}
    assert VstsIntegrationProvider.external_id_of(VstsMetadata.model_validate(rotated)) == found[3]


@pytest.mark.django_db
def test_another_credential_leaves_every_address_as_it_is():
    organization = Factories.create_organization()
    addresses = {
        "base_url": "https://tfs.example/tfs/C",
        "web_url": "https://pages.example/C",
        "search_url": "https://search.example/C",
        "login_url": "https://login.example",
    }
    integration = Factories.create_integration(
        organization=organization, provider="vsts", metadata={**addresses, "token": "old"}
    )
    replace_credential(
        operator_in(organization.id),
        integration_id=integration.pk,
        metadata={"token": "new"},
        verify=False,
    )
    integration.refresh_from_db()
    kept = VstsMetadata.model_validate(integration.metadata)
    assert kept == VstsMetadata.model_validate({**addresses, "token": "new"})


def test_it_can_everything_blame_by_its_mirrors():
    assert VstsIntegrationProvider.capabilities() == frozenset(Capability)
