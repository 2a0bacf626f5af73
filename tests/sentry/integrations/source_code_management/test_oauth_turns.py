"""The turn to renew an OAuth credential, while somebody else has it: who waits, and how long."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connections

from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.oauth import OAuthAuth
from sentry.models import Lease
from sentry.options import get_float
from sentry.utils.deadline import deadline_at

from .oauth_scene import auth_of, bearer, child, make_model, organization_of, stored


class Waiting:
    """A clock that only sleeping moves; ``then`` is done once so many seconds were slept."""

    def __init__(self, then: Callable[[], object] = lambda: None, *, after: float = 1e9) -> None:
        self.slept = 0.0
        self._then, self._after = then, after
        self.runtime = HttpRuntime(clock=lambda: self.slept, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        before, self.slept = self.slept, self.slept + seconds
        if before < self._after <= self.slept:
            self._then()


def take_turn(model: RpcIntegration) -> Callable[[], None]:
    """Holds the turn as a process would that hangs or is dead; gives what ends it."""
    which = {"organization_id": organization_of(model), "integration_id": model.id}
    turn = integration_service.take_credential_turn(**which, holder="dead", seconds=600)
    assert turn is not None
    assert turn.mine
    return lambda: integration_service.end_credential_turn(**which, holder="dead")


def soon() -> int:
    return int(time.time()) + 60


@pytest.mark.django_db
def test_a_good_token_waits_a_moment_for_somebody_elses_turn(server, django_assert_num_queries):
    model = make_model(expires_at=soon())
    take_turn(model)
    waiting = Waiting()
    auth = auth_of(model, server, waiting.runtime)
    assert auth.headers() == bearer("access-0")
    assert 0 < waiting.slept <= 2.2
    with django_assert_num_queries(0):  # the requests that follow do not wait again
        assert auth.headers() == bearer("access-0")
    assert server.forms == []


@pytest.mark.django_db
def test_a_good_token_waits_for_a_small_part_of_the_deadline(server):
    model = make_model(expires_at=soon())
    take_turn(model)
    waiting = Waiting()
    with deadline_at(time.monotonic() + 5):
        assert auth_of(model, server, waiting.runtime).headers() == bearer("access-0")
    assert waiting.slept <= 0.7


@pytest.mark.django_db
def test_a_turn_that_ends_in_that_moment_is_taken(server):
    model = make_model(expires_at=soon())
    waiting = Waiting(take_turn(model), after=1.0)
    assert auth_of(model, server, waiting.runtime).headers() == bearer("access-1")
    assert stored()["refresh_token"] == "refresh-1"


@pytest.mark.django_db
@pytest.mark.parametrize("rejected", [True, False])
def test_a_token_that_is_over_waits_as_long_as_it_may(server, rejected):
    model = make_model(expires_at=soon() if rejected else 1)
    ends = take_turn(model)

    def ask(auth: OAuthAuth) -> object:
        return auth.renew(bearer("access-0")) if rejected else auth.headers()

    total = get_float("scm.http.total-timeout")
    waiting = Waiting()
    with pytest.raises(HostUnavailable, match="in time"):
        ask(auth_of(model, server, waiting.runtime))
    assert total <= waiting.slept <= total + 0.2
    auth = auth_of(model, server, Waiting(ends, after=total / 2).runtime)
    assert ask(auth)
    assert auth.headers() == bearer("access-1")


@pytest.mark.django_db(transaction=True)
def test_a_process_that_died_in_its_turn_stops_nobody_whose_token_is_good(server):
    model = make_model(expires_at=soon())
    dying = child(server, model)
    assert dying.stdout is not None
    assert dying.stdout.readline() == "ready\n"
    server.before = dying.kill
    dying.communicate("go\n", timeout=60)
    server.before = lambda: None
    assert Lease.objects.get().holder != ""
    waiting = Waiting()
    assert auth_of(model, server, waiting.runtime).headers() == bearer("access-0")
    assert waiting.slept <= 2.2


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_hangs_stops_the_holder_alone_and_loses_nothing(server):
    model = make_model(expires_at=soon())
    asked, answers = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        answers.wait(60)

    server.before = hang
    seen: list[dict[str, str]] = []

    def hold() -> None:
        with deadline_at(time.monotonic() + 0.05):
            seen.append(auth_of(model, server).headers())
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert asked.wait(60)
        assert auth_of(model, server, Waiting().runtime).headers() == bearer("access-0")
    finally:
        answers.set()
        holder.join()
    assert seen == [bearer("access-1")]
    assert (stored()["refresh_token"], len(server.forms)) == ("refresh-1", 1)


@pytest.mark.django_db
def test_a_host_that_is_away_is_asked_once_for_an_early_renewal(server):
    server.answers = [(503, "text/html", "later")]
    auth = auth_of(make_model(expires_at=soon()), server)
    assert auth.headers() == auth.headers() == bearer("access-0")
    assert len(server.forms) == 1
    assert auth.renew(auth.headers()), "a token that is rejected is over"
    assert auth.headers() == bearer("access-1")
