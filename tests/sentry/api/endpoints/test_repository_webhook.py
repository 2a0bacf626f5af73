"""A repository's webhook over REST; the host is the emulator."""

import json

import pytest

from forge_emulator import Fault
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import Integration
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import build_repository, host_over, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    return build_repository(tmp_path_factory.mktemp("repos") / "shop")


@pytest.fixture
def scene(git, db, settings):
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with (
        host_over(git) as emulator,
        override_options({"system.url-prefix": "https://sentry.example.com"}),
    ):
        yield make_scene(emulator, git)
    shared_runtime.cache_clear()


def call(scene, method, *, scope="repository:write", repository_id=None, **body):
    _, token = Factories.create_api_key(scene.organization, [scope])
    return getattr(Client(), method)(
        f"/api/0/organizations/{scene.organization.slug}/repos/"
        f"{repository_id or scene.repository.id}/webhook/",
        json.dumps(body),
        content_type="application/json",
        headers={"x-api-key": token},
    )


def hooks(scene):
    return scene.emulator.world.store.hooks(int(scene.repository.external_id))


def test_it_is_registered_and_ended(scene):
    answers = [call(scene, "post") for _ in range(2)]
    (hook,) = hooks(scene)
    for answer in answers:
        assert answer.status_code == 201, answer.content
        assert answer.json() == {"id": str(hook.id), "repositoryId": str(scene.repository.id)}
    (secret,) = Integration.objects.get().plain_webhook_secrets()
    assert hook.config["secret"] == secret
    assert hook.config["url"].startswith("https://sentry.example.com/extensions/github/webhook/")
    for _ in range(2):
        ended = call(scene, "delete")
        assert (ended.status_code, ended.content) == (204, b"")
        assert hooks(scene) == []


@pytest.mark.parametrize("method", ["post", "delete"])
def test_who_may(scene, method):
    assert call(scene, method, scope="repository:read").status_code == 403
    assert call(scene, method, scope="org:read").status_code == 403
    assert call(scene, method, scope="org:integrations").status_code in (201, 204)


@pytest.mark.parametrize("method", ["post", "delete"])
def test_another_organizations_repository_is_not_found(scene, method):
    foreign = Factories.create_repo(
        organization_id=Factories.create_organization().id,
        integration_id=scene.integration.pk,
        external_id=scene.repository.external_id,
    )
    assert call(scene, method, repository_id=foreign.id).status_code == 404
    assert hooks(scene) == []


def test_what_the_host_says(scene):
    scene.emulator.faults.add(Fault(kind="status", status=403, match="/hooks"))
    assert call(scene, "post").status_code == 409
    scene.emulator.faults.clear()
    scene.emulator.faults.add(Fault(kind="status", status=500, match="/hooks"))
    assert call(scene, "post").status_code == 503
    scene.emulator.faults.clear()
    with override_options({"system.url-prefix": ""}):
        assert call(scene, "post").status_code == 409
