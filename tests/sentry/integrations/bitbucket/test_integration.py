"""Bitbucket as a provider: its metadata, capabilities and identity."""

import pytest
from pydantic import ValidationError

from sentry.integrations.bitbucket.integration import (
    BitbucketIntegration,
    BitbucketIntegrationProvider,
)
from sentry.integrations.bitbucket.metadata import BitbucketMetadata
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.types import Capability

from .conftest import SHOP, integration

OAUTH = {"client_id": "c", "client_secret": "SECRET-1", "access_token": "SECRET-2"}
ACCOUNT = {"email": "a@b.example", "api_token": "SECRET"}


def test_it_is_registered_with_all_but_issues():
    assert integrations.get("bitbucket") is BitbucketIntegrationProvider
    lacking = frozenset(Capability) - BitbucketIntegrationProvider.capabilities()
    assert lacking == {Capability.ISSUES} == set(BitbucketIntegrationProvider.unsupported)
    assert "2026-08-20" in BitbucketIntegrationProvider.reason_against(Capability.ISSUES)
    assert BitbucketIntegrationProvider.codeowners_locations == (".bitbucket/CODEOWNERS",)


@pytest.mark.parametrize("credential", [ACCOUNT, {"token": "SECRET"}, {"oauth": OAUTH}])
def test_metadata_have_defaults_and_one_credential(credential):
    made = BitbucketMetadata.model_validate(credential)
    assert made.endpoints().api == "https://api.bitbucket.org/2.0"
    assert made.endpoints().web == "https://bitbucket.org"
    assert made.endpoints().token == "https://bitbucket.org/site/oauth2/access_token"
    assert "SECRET" not in repr(made)
    again = BitbucketMetadata.model_validate(made.model_dump(mode="json"))
    assert again == made


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"token": None},
        {**ACCOUNT, "token": "SECRET"},
        {"token": "SECRET", "oauth": OAUTH},
        {"api_token": "SECRET"},
        {"email": "a@b.example"},
        {"email": "a@b.example", "token": "SECRET"},
        {**ACCOUNT, "email": "SECRET"},
        {**ACCOUNT, "email": "a:SECRET@b"},
        {**ACCOUNT, "email": "a b@SECRET"},
        {"token": ""},
        {"token": "SECRET\n"},
        {"token": "SECRETü"},
        {"token": "SECRET", "base_url": "ftp://h"},
        {"token": "t", "base_url": "https://SECRET@h"},
        {"token": "SECRET", "workspace": "../x"},
        {"token": "SECRET", "workspace": "{x}"},
        {"token": "SECRET", "more": "SECRET"},
        {"oauth": {**OAUTH, "more": "SECRET"}},
    ],
)
def test_bad_metadata_are_refused_and_not_shown(wrong):
    with pytest.raises(ValidationError) as caught:
        BitbucketMetadata.model_validate(wrong)
    assert "SECRET" not in str(caught.value)


def test_an_identity_for_each_credential_and_workspace():
    def identity(**metadata):
        return BitbucketIntegrationProvider.external_id_of(BitbucketMetadata(**metadata))

    uuid = "{12345678-1234-1234-1234-123456789012}"
    made = [
        identity(token="a"),
        identity(token="b"),
        identity(email="a@b", api_token="a"),
        identity(email="a@b", api_token="a", workspace="acme"),
        identity(email="a@b", api_token="a", workspace=uuid),
        identity(email="c@b", api_token="a"),
        identity(token="a", base_url="https://other.example/2.0"),
    ]
    assert len(set(made)) == len(made)
    assert made[0].startswith("api.bitbucket.org:")
    assert identity(token="a") == identity(token="a", workspace="acme") == made[0]


def test_stored_metadata_that_are_not_valid():
    made = integration("https://bitbucket.example")
    assert isinstance(made, BitbucketIntegration)
    for call in (made.get_client, made.check_credential, lambda: made.get_mirror_source(SHOP)):
        with pytest.raises(IntegrationBroken, match="stored settings"):
            call()


def test_links_make_no_request():
    made = integration("https://bitbucket.example", token="t")
    url = made.format_source_url(SHOP, path="a.py", ref="main")
    assert url == "https://bitbucket.example/acme/shop/src/main/a.py"
    assert made.source_url_matches(url)
    assert made.extract_branch_from_source_url(SHOP, url) == "main"
    assert made.extract_source_path_from_source_url(SHOP, url) == "a.py"
    assert (
        made.format_commit_url(SHOP, sha="ab") == "https://bitbucket.example/acme/shop/commits/ab"
    )
