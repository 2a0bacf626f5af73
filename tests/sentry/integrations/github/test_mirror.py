"""How git is told to fetch from GitHub, and that it can."""

import base64

import pytest

from forge_emulator import AppCredentials as HostedApp
from forge_emulator import Emulator, HostedRepository
from sentry.integrations.source_code_management.errors import IntegrationBroken, InvalidArgument
from sentry.integrations.source_code_management.mirror import MirrorPlace, blame_lines
from sentry.integrations.source_code_management.types import (
    FileBlameInfo,
    MirrorSource,
    RepositoryRef,
    SourceLineInfo,
)

from .conftest import SHOP, TOKEN, integration
from .test_auth import key, private_key, public_key, token_requests

assert [key, private_key, public_key]  # fixtures of that module


def token_of(source: MirrorSource) -> str:
    """The password that git sends."""
    scheme, _, basic = source.headers["authorization"].partition(" ")
    user, _, password = base64.b64decode(basic).decode().partition(":")
    assert (scheme, user) == ("Basic", "x-access-token")
    return password


@pytest.fixture
def hosted(shop, public_key):
    app = HostedApp(app_id="12345", public_key_pem=public_key, installations={"777": "all"})
    repository = HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)
    with Emulator(repositories=[repository], app=app, tokens={TOKEN: ("robot", "repo")}) as running:
        yield running


def by_app(emulator: Emulator, private_key: str):
    app = {"app_id": "12345", "private_key": private_key, "installation_id": "777"}
    return integration(emulator.url, app=app, web_url=emulator.url)


def blame(installed, shop, tmp_path, settings) -> object:
    settings.SCM_MIRRORS_DIR = str(tmp_path)
    place = MirrorPlace(provider="github", tenant="7:1", host=installed, repo=SHOP)
    head = shop("rev-parse", "HEAD").strip()
    line = SourceLineInfo(lineno=1, path="src/cart.py", ref=head, repo=SHOP)
    return blame_lines(place, [line])[0]


def test_the_token_is_a_password_and_no_part_of_the_address():
    source = integration("https://api.github.com", token=TOKEN).get_mirror_source(SHOP)
    assert source.url == "https://github.com/acme/shop.git"
    assert token_of(source) == TOKEN
    assert TOKEN not in repr(source)
    assert TOKEN not in source.identity
    again = integration("https://api.github.com", token="ghp_other").get_mirror_source(SHOP)
    assert again.identity != source.identity


def test_there_is_no_other_token():
    installed = integration("https://api.github.com", token=TOKEN)
    with pytest.raises(IntegrationBroken):
        installed.get_mirror_source(SHOP, rejected=installed.get_mirror_source(SHOP))


@pytest.mark.parametrize("name", ["acme", "acme/../x", "acme/shop?x", "acme/shop\n"])
def test_a_name_that_leads_elsewhere(name: str):
    with pytest.raises(InvalidArgument):
        integration("https://api.github.com", token=TOKEN).get_mirror_source(
            RepositoryRef(identifier=name)
        )


def test_git_fetches_with_a_token(hosted, shop, tmp_path, settings):
    installed = integration(hosted.url, token=TOKEN, web_url=hosted.url)
    assert isinstance(blame(installed, shop, tmp_path, settings), FileBlameInfo)


def test_git_fetches_with_an_apps_token(hosted, shop, tmp_path, settings, private_key):
    assert isinstance(blame(by_app(hosted, private_key), shop, tmp_path, settings), FileBlameInfo)
    assert token_requests(hosted) == 1


def test_an_apps_token_that_was_revoked_is_renewed_once(
    hosted, shop, tmp_path, settings, private_key
):
    installed = by_app(hosted, private_key)
    old = installed.get_mirror_source(SHOP)
    hosted.revoke_token(token_of(old))
    assert isinstance(blame(installed, shop, tmp_path, settings), FileBlameInfo)
    assert token_requests(hosted) == 2
    new = installed.get_mirror_source(SHOP)
    assert token_of(new) != token_of(old)
    assert new.identity == old.identity
