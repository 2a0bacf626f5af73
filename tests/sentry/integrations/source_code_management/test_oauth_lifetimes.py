"""Access tokens whose whole life is shorter than the usual time of an early renewal.

A host may revoke the access token that a renewal replaces, so that a renewal which nobody needs
takes the token from those who use it.
"""

import time

import pytest

from sentry.integrations.services.integration import RpcIntegration
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.models import Integration

from .oauth_scene import FIRST, auth_of, bearer, make_model, organization_of, read, stored
from .token_server import TokenServer

LIFE = 60


def later(seconds: float) -> HttpRuntime:
    """A runtime at whose clock it is later."""
    return HttpRuntime(wall_clock=lambda: time.time() + seconds)


def at_last(model: RpcIntegration) -> RpcIntegration:
    """The record as a call finds it that begins now."""
    return read(Integration.objects.get(pk=model.id), organization_of(model))


@pytest.fixture
def model(server: TokenServer) -> RpcIntegration:
    server.lifetime = LIFE
    return make_model(expires_at=int(time.time()) + LIFE)


@pytest.mark.django_db
def test_one_that_is_new_is_not_renewed_by_the_calls_that_follow(model, server):
    for _ in range(3):
        assert auth_of(at_last(model), server).headers() == bearer("access-1")
    assert server.given == 1
    assert stored()["lifetime"] == LIFE


@pytest.mark.django_db
def test_one_is_renewed_when_half_its_life_is_over(model, server):
    auth_of(model, server).headers()
    halfway = auth_of(at_last(model), server, later(LIFE / 2 + 1))
    assert halfway.headers() == bearer("access-2")
    assert stored()["refresh_token"] == "refresh-2"


@pytest.mark.django_db
def test_one_that_ends_is_renewed_whatever_its_life(model, server):
    auth_of(model, server).headers()
    assert auth_of(at_last(model), server, later(LIFE + 1)).headers() == bearer("access-2")


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["early", "ended", "rejected"])
def test_what_another_one_renewed_is_used_though_it_ends_soon(model, server, why):
    model.metadata["oauth"]["expires_at"] = {"early": int(time.time()) + 30, "ended": 1}.get(why)
    first, second = auth_of(model, server), auth_of(model, server)
    for auth in (first, second):
        if why == "rejected":
            assert auth.renew(bearer("access-0"))
        assert auth.headers() == bearer("access-1")
    assert (server.given, server.refused) == (1, 0)


@pytest.mark.django_db
def test_one_that_ended_since_another_one_renewed_it_is_not_used(model, server):
    first, second = auth_of(model, server), auth_of(model, server, later(LIFE + 1))
    assert first.headers() == bearer("access-1")
    assert second.headers() == bearer("access-2")


@pytest.mark.django_db
@pytest.mark.parametrize("lifetime", [240, 7200, None])
def test_of_one_that_lives_as_usual_nothing_more_is_stored(model, server, lifetime):
    """A process of the release before reads it, too."""
    server.lifetime = lifetime
    auth_of(model, server).headers()
    assert set(stored()) == set(FIRST)
    assert auth_of(at_last(model), server).headers() == bearer("access-1")
