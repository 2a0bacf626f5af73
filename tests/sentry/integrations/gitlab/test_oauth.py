"""An OAuth credential at GitLab's own token endpoint: renewed, rotated, stored, given to git."""

import base64
from datetime import timedelta

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.gitlab.integration import GitLabIntegration
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.models import Integration
from sentry.testutils.factories import Factories

from .conftest import NAME, SHOP, Git

pytestmark = pytest.mark.django_db
APP, SECRET = "app:1", "s3cret & more"


@pytest.fixture
def host(shop: Git):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path), private=True)]
    with Emulator("gitlab", hosted, tokens={}) as emulator:
        emulator.add_oauth_client(APP, SECRET)
        yield emulator


def row_on(host: Emulator, *scopes: str, life: timedelta = timedelta(hours=2)) -> Integration:
    grant = host.give_oauth(APP, "dora", *scopes, life=life)
    oauth = {
        "client_id": APP,
        "client_secret": SECRET,
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
    }
    return Factories.create_integration(
        organization=Factories.create_organization(),
        provider="gitlab",
        metadata={"base_url": host.url, "oauth": oauth},
    )


def installed(row: Integration) -> GitLabIntegration:
    (tie,) = row.organizationintegration_set.all()
    model = integration_service.get_installed(
        organization_id=tie.organization_id, integration_id=row.pk
    )
    assert model is not None
    return GitLabIntegration(model.integration, tie.organization_id)


def stored(row: Integration) -> dict[str, object]:
    row.refresh_from_db()
    return dict(row.metadata["oauth"])


def test_it_reads_as_the_account(host, shop):
    made = installed(row_on(host, "api"))
    told = made.check_credential()
    assert (told.account, told.missing) == ("dora", ())
    assert told.identity.startswith("user-")
    assert [repo.identifier for repo in made.get_repositories()] == [NAME]
    assert made.resolve_ref(SHOP, "main") == shop.sha("main")
    assert all("authorization" in request.headers for request in host.requests)


def test_what_it_may_not_do_is_told(host):
    told = installed(row_on(host, "read_user", "read_repository")).check_credential()
    assert (told.account, told.missing) == ("dora", ("api",))


def test_a_rejected_token_is_renewed_and_the_next_pair_is_stored(host):
    row = row_on(host)
    before = stored(row)
    host.revoke_token(str(before["access_token"]))
    made = installed(row)
    assert made.get_repository(NAME).identifier == NAME
    after = stored(row)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert [request.path for request in host.requests].count("/oauth/token") == 1
    assert installed(row).has_repo_access(SHOP)
    shown = f"{made!r} {made.get_client()!r} {made._auth!r} {host.requests!r}"
    tokens = [pair[name] for pair in (before, after) for name in ("access_token", "refresh_token")]
    assert not any(str(secret) in shown for secret in (*tokens, SECRET))


def test_a_token_that_another_call_had_replaced_is_no_rejection(host):
    """GitLab revokes the old access token at once; the new one lives shortly, and is used by all."""
    row = row_on(host, life=timedelta(seconds=60))
    calls = [installed(row) for _ in range(3)]
    host.revoke_token(str(stored(row)["access_token"]))
    for made in (*calls, *calls):
        assert made.get_repository(NAME).identifier == NAME
    assert installed(row).get_repository(NAME).identifier == NAME
    asked = [(request.path, request.status) for request in host.requests]
    assert asked.count(("/oauth/token", 200)) == 1
    assert [status for _, status in asked].count(401) == len(calls)


def test_a_refresh_token_that_was_used_breaks_the_integration(host):
    row = row_on(host)
    pair = stored(row)
    host.world.oauth.refresh(APP, SECRET, str(pair["refresh_token"]))
    with pytest.raises(IntegrationBroken) as caught:
        installed(row).get_repository(NAME)
    assert str(pair["refresh_token"]) not in repr(caught.value)


def test_git_gets_a_renewed_token(host):
    row = row_on(host)
    made = installed(row)
    first = made.get_mirror_source(SHOP)
    host.revoke_token(str(stored(row)["access_token"]))
    second = made.get_mirror_source(SHOP, rejected=first)
    assert second.headers != first.headers
    assert second.identity == first.identity
    user, _, token = base64.b64decode(second.headers["authorization"][6:]).decode().partition(":")
    assert (user, token) == ("oauth2", stored(row)["access_token"])
