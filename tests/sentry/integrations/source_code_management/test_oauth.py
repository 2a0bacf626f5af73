"""OAuth credentials: renewed before they end and after a 401, and never lost in a race."""

import threading
import time
from dataclasses import replace

import pytest
from django.db import OperationalError, connections
from pydantic import ValidationError

from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationBroken,
)
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.oauth import OAuthAuth, OAuthCredential
from sentry.integrations.source_code_management.oauth_endpoint import TokenEndpoint
from sentry.models import Integration, Lease
from sentry.utils.deadline import deadline_at

from .http_fakes import FakeDialect
from .oauth_scene import FIRST, ORGANIZATION, auth_of, bearer, child, make_model, stored
from .token_server import CLIENT_SECRET

# --- one at a time -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_token_that_does_not_end_is_used_as_it_is(server, django_assert_num_queries):
    auth = auth_of(make_model(), server)
    with django_assert_num_queries(0):
        assert auth.headers() == bearer("access-0")
    assert server.forms == []


@pytest.mark.django_db
@pytest.mark.parametrize("basic", [True, False])
def test_it_is_renewed_before_it_ends(server, basic):
    server.basic = basic
    now = int(time.time())
    model = make_model(expires_at=now + 60)
    auth = auth_of(model, server)
    before = auth.identity
    assert auth.headers() == bearer("access-1")
    assert auth.headers() == bearer("access-1")
    (form,) = server.forms
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "refresh-0")
    assert ("client_secret" in form) is not basic
    assert (stored()["access_token"], stored()["refresh_token"]) == ("access-1", "refresh-1")
    assert now + 7200 <= int(str(stored()["expires_at"])) <= now + 7260
    assert Integration.objects.get().plain_metadata()["base_url"] == "https://git.example"
    assert auth.identity == before == auth_of(model, server).identity


@pytest.mark.django_db
def test_it_is_renewed_after_a_401(server):
    auth = auth_of(make_model(), server)
    assert auth.renew(auth.headers())
    assert auth.headers() == bearer("access-1")
    # the one that was rejected is another one by now
    assert auth.renew(bearer("access-0"))
    assert server.given == 1


@pytest.mark.django_db
def test_what_another_process_renewed_is_used(server):
    model = make_model()
    first, second = auth_of(model, server), auth_of(model, server)
    assert first.renew(first.headers())
    assert second.renew(second.headers())
    assert second.headers() == first.headers() == bearer("access-1")
    assert (server.given, server.refused) == (1, 0)


@pytest.mark.django_db
def test_a_token_without_another_is_not_renewed(server):
    auth = auth_of(make_model(refresh_token=None, expires_at=int(time.time()) + 60), server)
    assert auth.headers() == bearer("access-0")
    assert not auth.renew(auth.headers())
    assert server.forms == []


@pytest.mark.django_db
def test_a_host_that_does_not_rotate_keeps_its_refresh_token(server):
    server.rotates = False
    server.lifetime = None
    auth = auth_of(make_model(), server)
    assert auth.renew(auth.headers())
    assert stored()["refresh_token"] == "refresh-0"
    assert stored()["expires_at"] is None


@pytest.mark.django_db
def test_a_host_that_is_away_does_not_matter_before_the_end(server):
    server.answers = [(503, "text/html", "later")] * 2
    soon = auth_of(make_model(expires_at=int(time.time()) + 60), server)
    assert soon.headers() == bearer("access-0")
    Integration.objects.all().delete()
    over = auth_of(make_model(expires_at=int(time.time()) - 1), server)
    with pytest.raises(HostUnavailable):
        over.headers()
    assert len(server.forms) == 2, "a refresh token is sent once"
    assert Lease.objects.get(name__endswith=f":{Integration.objects.get().pk}").holder == ""


@pytest.mark.django_db
def test_a_credential_that_is_not_stored_yet_keeps_its_own_pair(server):
    model = RpcIntegration(
        id=0, provider="gitlab", external_id="x", name="x", status=0, metadata={"oauth": FIRST}
    )
    auth = auth_of(model, server)
    assert auth.renew(auth.headers())
    assert model.metadata["oauth"]["refresh_token"] == "refresh-1"
    assert Lease.objects.count() == 0


@pytest.mark.django_db
def test_a_credential_that_is_not_stored_yet_is_renewed_only_when_it_must(server):
    """A check that fails would throw the next pair away."""
    oauth = {**FIRST, "expires_at": int(time.time()) + 60}
    model = RpcIntegration(
        id=0, provider="gitlab", external_id="x", name="x", status=0, metadata={"oauth": oauth}
    )
    assert auth_of(model, server).headers() == bearer("access-0")
    assert server.forms == []
    model.metadata["oauth"]["expires_at"] = int(time.time()) - 1
    assert auth_of(model, server).headers() == bearer("access-1")


# --- races ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_threads_renew_once(server):
    model = make_model()
    auths = [auth_of(model, server) for _ in range(4)] * 2
    start = threading.Barrier(len(auths))
    seen: list[dict[str, str]] = []

    def work(auth: OAuthAuth) -> None:
        start.wait()
        auth.renew(bearer("access-0"))
        seen.append(auth.headers())
        connections.close_all()

    threads = [threading.Thread(target=work, args=(auth,)) for auth in auths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [bearer("access-1")] * len(auths)
    assert (server.given, server.refused) == (1, 0)
    assert stored()["refresh_token"] == "refresh-1"


@pytest.mark.django_db(transaction=True)
def test_processes_renew_once(server):
    model = make_model()
    children = [child(server, model) for _ in range(2)]
    for each in children:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in children:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    told = [each.communicate(timeout=60)[0] for each in children]
    assert told == ["Bearer access-1\n"] * 2
    assert (server.given, server.refused) == (1, 0)
    assert stored()["refresh_token"] == "refresh-1"


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_while_it_asks_does_not_stop_the_others(server):
    """The host gave the pair to nobody: the integration is broken, and says what to do."""
    model = make_model()
    dying = child(server, model)
    assert dying.stdout is not None
    assert dying.stdin is not None
    assert dying.stdout.readline() == "ready\n"
    server.before = dying.kill
    dying.communicate("go\n", timeout=60)
    server.before = lambda: None
    assert (server.given, stored()["refresh_token"]) == (1, "refresh-0")
    (turn,) = Lease.objects.all()
    assert turn.holder != ""
    # others wait for the turn of the dead one no longer than their callers do
    waiting = auth_of(model, server)
    with deadline_at(time.monotonic() + 0.05), pytest.raises(HostUnavailable, match="in time"):
        waiting.renew(waiting.headers())
    Lease.objects.update(expires_at=turn.expires_at.replace(year=2000))
    with pytest.raises(IntegrationBroken, match="no longer accepts the refresh token"):
        waiting.renew(waiting.headers())


# --- windows between the steps -------------------------------------------------------------------


@pytest.mark.django_db
def test_a_credential_that_is_replaced_meanwhile_counts(server):
    model = make_model()
    auth = auth_of(model, server)
    newer = {**FIRST, "access_token": "theirs", "refresh_token": "theirs"}

    def replaced() -> None:
        row = Integration.objects.get()
        row.metadata = {"base_url": "https://git.example", "oauth": newer}
        row.save()

    runtime = HttpRuntime()
    transport = runtime.transport()

    class Meanwhile:
        def handle_request(self, request):
            answer = transport.handle_request(request)
            replaced()
            return answer

    auth = auth_of(model, server, replace(runtime, transport=Meanwhile))  # type: ignore[arg-type] # the one method that is used
    assert auth.renew(auth.headers())
    assert auth.headers() == bearer("theirs")
    assert stored() == newer


@pytest.mark.django_db
def test_a_refusal_counts_only_while_the_refused_credential_is_stored(server):
    """A turn that outlasted its lease: another one asked meanwhile and has stored its pair."""
    model = make_model()
    server.revoke()
    newer = {**FIRST, "access_token": "theirs", "refresh_token": "theirs"}
    runtime = HttpRuntime()
    transport = runtime.transport()

    class Meanwhile:
        def handle_request(self, request):
            row = Integration.objects.get()
            row.metadata = {"base_url": "https://git.example", "oauth": newer}
            row.save()
            return transport.handle_request(request)

    auth = auth_of(model, server, replace(runtime, transport=Meanwhile))  # type: ignore[arg-type] # the one method that is used
    assert auth.renew(auth.headers())
    assert auth.headers() == bearer("theirs")


@pytest.mark.django_db
def test_a_database_that_is_away_for_a_moment_loses_nothing(server, monkeypatch):
    slept: list[float] = []
    swap = integration_service.rotate_credential
    failures = [OperationalError("database is locked")] * 2

    def flaky(**arguments):
        if failures:
            raise failures.pop()
        return swap(**arguments)

    monkeypatch.setattr(integration_service, "rotate_credential", flaky)
    auth = auth_of(make_model(), server, HttpRuntime(sleep=slept.append))
    assert auth.renew(auth.headers())
    assert stored()["refresh_token"] == "refresh-1"
    assert len(slept) == 2


@pytest.mark.django_db
def test_an_impatient_caller_does_not_cut_a_renewal_short(server):
    auth = auth_of(make_model(), server)
    ends = threading.Event()
    server.before = lambda: ends.wait(0.3) and None
    with deadline_at(time.monotonic() + 0.15):
        assert auth.renew(auth.headers())
    assert stored()["refresh_token"] == "refresh-1"


@pytest.mark.django_db
def test_an_integration_that_is_gone_is_broken(server):
    model = make_model()
    auth = auth_of(model, server)
    Integration.objects.all().delete()
    with pytest.raises(IntegrationBroken, match="no longer installed"):
        auth.renew(auth.headers())
    assert server.forms == []


# --- the credential ------------------------------------------------------------------------------


def test_no_secret_is_shown():
    credential = OAuthCredential.model_validate(FIRST)
    for secret in (CLIENT_SECRET, "access-0", "refresh-0"):
        assert secret not in f"{credential!r} {credential}"
    with pytest.raises(ValidationError) as refusal:
        OAuthCredential.model_validate({**FIRST, "access_token": "with space", "expires_at": "1"})
    assert "with space" not in str(refusal.value)


def test_metadata_without_a_credential_are_broken():
    model = RpcIntegration(id=0, provider="x", external_id="x", name="x", status=0, metadata={})
    with pytest.raises(IntegrationBroken):
        OAuthAuth(
            model, ORGANIZATION, TokenEndpoint(url="https://git.example/t"), dialect=FakeDialect()
        )
