"""GitLab as a provider: its metadata, capabilities, identity, and the credential's own facts."""

import base64

import pytest
from pydantic import BaseModel, ValidationError

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.gitlab.integration import (
    GitLabIntegration,
    GitLabIntegrationProvider,
)
from sentry.integrations.gitlab.metadata import GitLabMetadata
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    InvalidArgument,
)
from sentry.integrations.source_code_management.types import Capability, RepositoryRef

from .conftest import NAME, SHOP, TOKEN, integration

OAUTH = {"client_id": "app", "client_secret": "SECRET", "access_token": "SECRET"}


def test_it_is_registered_with_every_capability():
    assert integrations.get("gitlab") is GitLabIntegrationProvider
    assert GitLabIntegrationProvider.capabilities() == frozenset(Capability)
    assert GitLabIntegrationProvider.unsupported == {}
    assert isinstance(integration("https://gitlab.com", token="t"), GitLabIntegration)


def test_metadata_has_defaults_and_one_credential():
    endpoints = GitLabMetadata.model_validate({"token": "glpat-x"}).endpoints()
    assert (endpoints.api, endpoints.web) == ("https://gitlab.com/api/v4", "https://gitlab.com")
    assert endpoints.token == "https://gitlab.com/oauth/token"
    assert GitLabMetadata.model_validate({"oauth": OAUTH}).token is None
    for wrong in ({}, {"token": "t", "oauth": OAUTH}, {"token": None}):
        with pytest.raises(ValidationError, match="exactly one"):
            GitLabMetadata.model_validate(wrong)


@pytest.mark.parametrize(
    ("base_url", "web_url", "api", "web"),
    [
        ("https://git.example/", None, "https://git.example/api/v4", "https://git.example"),
        ("https://git.example/api/v4/", None, "https://git.example/api/v4", "https://git.example"),
        ("https://h/gitlab", None, "https://h/gitlab/api/v4", "https://h/gitlab"),
        ("http://10.1.2.3:8", "https://git.example/", "http://10.1.2.3:8/api/v4", "https://git.example"),
    ],
)  # fmt: skip
def test_where_an_instance_lives(base_url, web_url, api, web):
    metadata = {"token": "t", "base_url": base_url, "web_url": web_url}
    endpoints = GitLabMetadata.model_validate(metadata).endpoints()
    assert (endpoints.api, endpoints.web) == (api, web)


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
        {"token": "t", "web_url": "javascript:x"},
        {"token": "t", "base_url": f"https://h/{'x' * 200}"},
        {"token": "t", "more": "SECRET"},
        {"oauth": {**OAUTH, "access_token": ""}},
    ],
)
def test_bad_metadata_is_refused_and_not_shown(wrong):
    with pytest.raises(ValidationError) as caught:
        GitLabMetadata.model_validate(wrong)
    assert "SECRET" not in str(caught.value)


def test_secrets_stay_out_of_every_repr():
    for credential in ({"token": "SECRET"}, {"oauth": OAUTH}):
        made = integration("https://gitlab.com", **credential)
        shown = f"{made!r}{made.get_client()!r}{made.model!r}{made._session!r}{made._auth!r}"
        assert "SECRET" not in shown
        assert "SECRET" not in repr(GitLabMetadata.model_validate(credential))


def test_the_identity_is_a_digest():
    identity = GitLabIntegrationProvider.external_id_of
    one, other, third = (
        identity(GitLabMetadata.model_validate(credential))
        for credential in ({"token": "glpat-x"}, {"token": "glpat-y"}, {"oauth": OAUTH})
    )
    assert len({one, other, third}) == 3
    assert one.startswith("gitlab.com:token-")
    assert third.startswith("gitlab.com:oauth-")
    assert all("glpat" not in each and "SECRET" not in each for each in (one, other, third))

    class Other(BaseModel):
        pass

    with pytest.raises(TypeError):
        identity(Other())


def test_instances_below_one_host_have_identities_of_their_own():
    def identities(base_url: str) -> tuple[str, str]:
        metadata = GitLabMetadata.model_validate({"token": "glpat-x", "base_url": base_url})
        provider = GitLabIntegrationProvider
        return provider.external_id_of(metadata), provider.external_id_on_host(metadata, "user-1")

    plain, first, second = (
        identities(f"https://git.example:8443{path}") for path in ("", "/gitlab", "/gitlab2")
    )
    assert plain[1] == "git.example:8443:user-1"
    assert first[1] == "git.example:8443/gitlab:user-1"
    assert len({plain, first, second, *zip(plain, first, second, strict=True)}) == 5
    for same in ("https://GIT.example:8443/gitlab/", "https://git.example:8443/gitlab/api/v4"):
        assert identities(same) == first

    class Other(BaseModel):
        pass

    with pytest.raises(TypeError):
        GitLabIntegrationProvider.external_id_on_host(Other(), "user-1")


def test_stored_metadata_that_is_not_valid_breaks_the_integration():
    for made in (integration("https://gitlab.com"), integration("ftp://h", token="SECRET")):
        with pytest.raises(IntegrationBroken) as caught:
            made.get_client()
        assert caught.value.__cause__ is None
        assert "SECRET" not in str(caught.value)


def test_a_private_address_is_refused_with_what_to_do(settings):
    settings.SCM_ALLOWED_HOSTS = []
    with pytest.raises(IntegrationBroken, match="SCM_ALLOWED_HOSTS"):
        integration("https://127.0.0.1:1", token="t").get_repository("acme/shop")


def test_source_urls_are_made_and_read_without_a_request():
    made = integration("https://10.0.0.1", web_url="https://git.example", token="t")
    repo = RepositoryRef(identifier="acme/tools/shop")
    url = made.format_source_url(repo, path="src/a.py", ref="main")
    assert url == "https://git.example/acme/tools/shop/-/blob/main/src/a.py"
    assert made.source_url_matches(url)
    assert made.extract_branch_from_source_url(repo, url) == "main"
    assert made.extract_source_path_from_source_url(repo, url) == "src/a.py"
    page = made.format_commit_url(repo, sha="abc")
    assert page == "https://git.example/acme/tools/shop/-/commit/abc"
    assert page == GitLabIntegrationProvider.commit_url_format.format(
        url="https://git.example/acme/tools/shop", sha="abc"
    )


# --- whose the credential is -----------------------------------------------------------------


def test_the_credentials_account(installed):
    told = installed.check_credential()
    assert (told.account, told.missing) == ("robot", ())
    assert told.identity.startswith("user-")


@pytest.mark.parametrize(
    ("scopes", "account", "missing"),
    [
        (("api",), "robot", ()),
        (("api", "read_user"), "robot", ()),
        (("read_api", "read_repository"), "robot", ("api",)),
        (("read_user",), "robot", ("api",)),
        (("read_repository",), "user ", ("api",)),
    ],
)
def test_a_token_that_may_too_little(emulator, installed, scopes, account, missing):
    emulator.add_token("narrow", "robot", *scopes)
    told = integration(emulator.url, token="narrow").check_credential()
    assert told.account.startswith(account)
    assert told.missing == missing
    assert told.identity == installed.check_credential().identity


def test_a_host_that_does_not_tell_a_tokens_scopes(emulator, installed):
    emulator.faults.add(Fault(kind="status", status=404, match="/personal_access_tokens"))
    told = installed.check_credential()
    assert (told.account, told.missing) == ("robot", ())


def test_a_credential_that_the_host_rejects(emulator):
    with pytest.raises(IntegrationBroken) as caught:
        integration(emulator.url, token="WRONG").check_credential()
    assert "WRONG" not in str(caught.value)


def test_a_token_without_the_scope_for_a_call_is_forbidden(emulator):
    emulator.add_token("narrow", "robot", "read_repository")
    narrow = integration(emulator.url, token="narrow")
    with pytest.raises(HostForbidden):
        narrow.get_repository(NAME)


# --- what git is given ---------------------------------------------------------------------------


def test_git_gets_the_token_as_a_password(emulator, installed):
    source = installed.get_mirror_source(SHOP)
    assert source.url == f"{emulator.url}/{NAME}.git"
    scheme, _, encoded = source.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", f"oauth2:{TOKEN}")
    assert TOKEN not in repr(source)
    assert TOKEN not in source.identity
    with pytest.raises(IntegrationBroken):
        installed.get_mirror_source(SHOP, rejected=source)
    with pytest.raises(InvalidArgument):
        installed.get_mirror_source(RepositoryRef(identifier="acme/../x"))


def test_git_fetches_with_it(shop, tmp_path):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path), private=True)]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}) as running:
        source = integration(running.url, token=TOKEN).get_mirror_source(SHOP)
        header = f"Authorization: {source.headers['authorization']}"
        shop(
            "clone", "-q", "--bare", source.url, str(tmp_path / "copy"),
            GIT_CONFIG_COUNT="1",
            GIT_CONFIG_KEY_0="http.extraHeader",
            GIT_CONFIG_VALUE_0=header,
        )  # fmt: skip
        assert {request.kind for request in running.requests} == {"git"}
        assert all(request.status == 200 for request in running.requests)
    assert (tmp_path / "copy" / "HEAD").exists()
