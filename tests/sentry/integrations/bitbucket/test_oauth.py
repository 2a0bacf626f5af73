"""An OAuth credential at Bitbucket's own token endpoint: renewed, rotated, stored, given to git."""

import base64
from datetime import timedelta

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.bitbucket.integration import BitbucketIntegration
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.models import Integration
from sentry.testutils.factories import Factories

from .conftest import SHOP, Git

pytestmark = pytest.mark.django_db
APP, SECRET = "app:1", "s3cret & more"


@pytest.fixture
def host(shop: Git):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)]
    with Emulator("bitbucket", hosted, tokens={}) as emulator:
        emulator.add_oauth_client(APP, SECRET)
        yield emulator


@pytest.fixture
def row(host) -> Integration:
    grant = host.give_oauth(APP, "dora", life=timedelta(hours=2))
    oauth = {
        "client_id": APP,
        "client_secret": SECRET,
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
    }
    metadata = {"base_url": f"{host.url}/2.0", "web_url": host.url, "oauth": oauth}
    return Factories.create_integration(
        organization=Factories.create_organization(), provider="bitbucket", metadata=metadata
    )


def installed(row: Integration) -> BitbucketIntegration:
    (tie,) = row.organizationintegration_set.all()
    model = integration_service.get_installed(
        organization_id=tie.organization_id, integration_id=row.pk
    )
    assert model is not None
    return BitbucketIntegration(model.integration, tie.organization_id)


def stored(row: Integration) -> dict[str, object]:
    row.refresh_from_db()
    return dict(row.metadata["oauth"])


def test_it_reads_as_the_account(host, row, shop):
    made = installed(row)
    told = made.check_credential()
    assert (told.account, told.missing) == ("dora", ())
    assert [repo.identifier for repo in made.get_repositories()] == ["acme/shop"]
    assert made.resolve_ref(SHOP, "main") == shop.sha("main")


def test_a_rejected_token_is_renewed_and_the_next_pair_is_stored(host, row):
    before = stored(row)
    host.revoke_token(str(before["access_token"]))
    made = installed(row)
    assert made.get_repository("acme/shop").identifier == "acme/shop"
    after = stored(row)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert [r.path for r in host.requests].count("/site/oauth2/access_token") == 1
    assert installed(row).has_repo_access(SHOP)
    shown = f"{made!r} {made.get_client()!r} {made._auth!r} {host.requests!r}"
    tokens = [pair[name] for pair in (before, after) for name in ("access_token", "refresh_token")]
    assert not any(str(secret) in shown for secret in (*tokens, SECRET))


def test_git_gets_the_token_and_a_new_one_where_it_was_rejected(host, row):
    made = installed(row)
    source = made.get_mirror_source(SHOP)

    def token(headers):
        encoded = headers["authorization"].removeprefix("Basic ")
        return base64.b64decode(encoded).decode()

    assert token(source.headers) == f"x-token-auth:{stored(row)['access_token']}"
    host.revoke_token(str(stored(row)["access_token"]))
    renewed = made.get_mirror_source(SHOP, rejected=source)
    assert token(renewed.headers) == f"x-token-auth:{stored(row)['access_token']}"
    assert token(renewed.headers) != token(source.headers)
    assert renewed.identity == source.identity
    assert [r.path for r in host.requests] == ["/site/oauth2/access_token"]
    late = made.get_mirror_source(SHOP, rejected=source)
    assert late.headers == renewed.headers
    assert len(host.requests) == 1


def test_a_used_refresh_token_breaks_the_integration(host, row):
    host.world.oauth.refresh(APP, SECRET, str(stored(row)["refresh_token"]))
    with pytest.raises(IntegrationBroken, match="refresh token"):
        installed(row).get_repository("acme/shop")
