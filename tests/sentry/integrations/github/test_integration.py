"""GitHub as a provider: its metadata, capabilities and identity."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from sentry.integrations.github.integration import (
    GitHubApp,
    GitHubIntegration,
    GitHubIntegrationProvider,
    GitHubMetadata,
)
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.types import Capability, RepositoryRef

from .conftest import integration


def pem(key) -> str:
    made = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return str(made, "ascii")


@pytest.fixture(scope="module")
def app() -> dict[str, str]:
    key = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return {"app_id": "12345", "private_key": key, "installation_id": "777"}


# Their operations come with the webhooks' door and the mirrors.
_TO_COME = {Capability.WEBHOOKS, Capability.MIRRORS}


def test_it_is_registered_with_every_capability():
    assert integrations.get("github") is GitHubIntegrationProvider
    assert not set(Capability) - GitHubIntegrationProvider.capabilities() - _TO_COME
    made = integration("https://api.github.com", token="t")
    assert isinstance(made, GitHubIntegration)


def test_metadata_has_defaults_and_one_credential(app):
    with_token = GitHubMetadata.model_validate({"token": "ghp_x"})
    assert with_token.endpoints().api == "https://api.github.com"
    assert with_token.endpoints().graphql == "https://api.github.com/graphql"
    assert with_token.endpoints().web == "https://github.com"
    assert GitHubMetadata.model_validate({"app": app}).app is not None
    for wrong in ({}, {"token": "t", "app": app}, {"token": None}):
        with pytest.raises(ValidationError, match="exactly one"):
            GitHubMetadata.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": ""},
        {"token": "a b"},
        {"token": "SECRET\n"},
        {"token": "SECRETü"},
        {"token": "t", "base_url": "ftp://h"},
        {"token": "t", "base_url": "https://SECRET@h"},
        {"token": "t", "base_url": "https://h?x"},
        {"token": "t", "more": "SECRET"},
    ],
)
def test_bad_metadata_is_refused_and_not_shown(wrong):
    with pytest.raises(ValidationError) as caught:
        GitHubMetadata.model_validate(wrong)
    assert "SECRET" not in str(caught.value)


def test_an_apps_key_is_rsa_in_pem_without_a_password(app):
    elliptic = pem(ec.generate_private_key(ec.SECP256R1()))
    locked = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    for wrong in ("", "SECRET", elliptic, locked.decode()):
        with pytest.raises(ValidationError, match="RSA private key") as caught:
            GitHubApp.model_validate({**app, "private_key": wrong})
        assert "SECRET" not in str(caught.value)
    for name in ("app_id", "installation_id"):
        with pytest.raises(ValidationError):
            GitHubApp.model_validate({**app, name: "../x"})


def test_secrets_stay_out_of_every_repr(app):
    made = GitHubMetadata.model_validate({"app": app})
    assert "PRIVATE KEY" not in f"{made!r}{made}"
    assert "ghp_x" not in repr(GitHubMetadata.model_validate({"token": "ghp_x"}))
    installed = integration("https://api.github.com", token="ghp_x")
    assert "ghp_x" not in f"{installed!r}{installed.get_client()!r}{installed.model!r}"


def test_the_identity_is_the_installation_or_a_digest(app):
    identity = GitHubIntegrationProvider.external_id_of
    assert identity(GitHubMetadata.model_validate({"app": app})) == "api.github.com:777"
    one, other = (
        identity(GitHubMetadata.model_validate({"token": token})) for token in ("ghp_x", "ghp_y")
    )
    assert one != other
    assert one.startswith("api.github.com:token-")
    assert "ghp_x" not in one
    assert len(one) <= 64
    with pytest.raises(TypeError):
        identity(GitHubApp.model_validate(app))


def test_stored_metadata_that_is_not_valid_breaks_the_integration():
    for made in (integration("https://api.github.com"), integration("ftp://h", token="SECRET")):
        with pytest.raises(IntegrationBroken) as caught:
            made.get_client()
        assert caught.value.__cause__ is None
        assert "SECRET" not in str(caught.value)


def test_source_urls_are_made_and_read_without_a_request():
    made = integration("https://api.github.com", token="t")
    repo = RepositoryRef(identifier="acme/shop")
    url = made.format_source_url(repo, path="src/a.py", ref="main")
    assert url == "https://github.com/acme/shop/blob/main/src/a.py"
    assert made.source_url_matches(url)
    assert made.extract_branch_from_source_url(repo, url) == "main"
    assert made.extract_source_path_from_source_url(repo, url) == "src/a.py"
    assert made.format_commit_url(repo, sha="abc") == "https://github.com/acme/shop/commit/abc"


def test_a_private_address_is_refused_with_what_to_do(settings):
    settings.SCM_ALLOWED_HOSTS = []
    with pytest.raises(IntegrationBroken, match="SCM_ALLOWED_HOSTS"):
        integration("https://127.0.0.1:1", token="t").get_repository("acme/shop")
