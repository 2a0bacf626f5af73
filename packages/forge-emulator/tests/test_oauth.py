"""Tokens of applications: who they stand for, and that each refresh token works once."""

from datetime import timedelta

import pytest

from forge_emulator import Emulator
from forge_emulator.auth import CredentialError
from forge_emulator.oauth import OAuthError


@pytest.fixture
def known(clock):
    emulator = Emulator(clock=clock)
    emulator.add_oauth_client("app", "hush")
    return emulator


def test_a_pair_ends_when_it_is_refreshed(known):
    oauth, identify = known.world.oauth, known.world.credentials.identify
    first = known.give_oauth("app", "dora", "api")
    assert identify(first.access_token).login == "dora"
    assert identify(first.access_token).scopes == ("api",)
    second = oauth.refresh("app", "hush", first.refresh_token)
    assert identify(second.access_token).login == "dora"
    assert oauth.grant_of(second.access_token) == second
    assert oauth.grant_of(first.access_token) is None
    with pytest.raises(CredentialError):
        identify(first.access_token)
    with pytest.raises(OAuthError) as refusal:
        oauth.refresh("app", "hush", first.refresh_token)
    assert refusal.value.code == "invalid_grant"
    assert oauth.refresh("app", "hush", second.refresh_token).grants == ("dora", "api")


def test_who_may_refresh(known):
    oauth = known.world.oauth
    known.add_oauth_client("other", "hush")
    pair = known.give_oauth("app", "dora")
    for client, secret, code in (
        ("app", "wrong", "invalid_client"),
        ("none", "hush", "invalid_client"),
        ("other", "hush", "invalid_grant"),
    ):
        with pytest.raises(OAuthError) as refusal:
            oauth.refresh(client, secret, pair.refresh_token)
        assert refusal.value.code == code
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)


def test_an_access_token_ends(known, clock):
    pair = known.give_oauth("app", "dora", life=timedelta(minutes=5))
    clock.move(minutes=4)
    assert known.world.credentials.identify(pair.access_token)
    clock.move(minutes=1)
    with pytest.raises(CredentialError):
        known.world.credentials.identify(pair.access_token)
    assert known.world.oauth.refresh("app", "hush", pair.refresh_token)
