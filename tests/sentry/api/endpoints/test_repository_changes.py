"""Adding, changing and deleting repositories; the host is the emulator."""

import pytest

from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import Repository, RepositoryStatus
from sentry.testutils.cases import APITestCase
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import FULL_NAME, build_repository, host_over, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    return build_repository(tmp_path_factory.mktemp("repos") / "shop")


@pytest.fixture
def scene(git, db, settings):
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with host_over(git) as emulator:
        yield make_scene(emulator, git)
    shared_runtime.cache_clear()


@pytest.fixture
def add(scene):
    _, token = Factories.create_api_key(scene.organization, ["repository:write"])

    def add(**body):
        body = {"integrationId": str(scene.integration.pk), "identifier": FULL_NAME, **body}
        return Client().post(
            f"/api/0/organizations/{scene.organization.slug}/repos/",
            body,
            content_type="application/json",
            headers={"x-api-key": token},
        )

    return add


def test_a_repository_of_the_host_is_added(scene, add):
    before = scene.repository
    again = add()
    assert again.status_code == 409
    assert again.json() == {"detail": "repository exists already"}
    before.delete()
    answer = add(provider="integrations:github")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["name"], made["provider"]["id"]) == (FULL_NAME, "integrations:github")
    assert made["integrationId"] == str(scene.integration.pk)
    row = Repository.objects.get(id=int(made["id"]))
    assert (row.organization_id, row.external_id) == (scene.organization.id, before.external_id)


def test_what_is_wrong(scene, add):
    foreign = Factories.create_integration(organization=Factories.create_organization())
    for body, status in (
        ({"identifier": "acme/nothing"}, 404),
        ({"identifier": ""}, 400),
        ({"identifier": "no-owner"}, 400),
        ({"provider": "integrations:gitlab"}, 400),
        ({"integrationId": str(foreign.pk)}, 404),
        ({"integrationId": "x"}, 400),
        ({"name": "x"}, 400),
    ):
        answer = add(**body)
        assert answer.status_code == status, (body, answer.content)
        assert "detail" in answer.json()
        if status == 400:
            assert list(answer.json()["errors"]) == list(body)
    assert Repository.objects.filter(organization_id=scene.organization.id).count() == 1


class DetailsTest(APITestCase):
    endpoint = "sentry-api-0-organization-repository-details"

    def setUp(self):
        super().setUp()
        self.repo = self.create_repo(organization_id=self.organization.id)
        self.login_as(self.user)

    def place(self):
        return self.organization.slug, self.repo.id

    def test_states(self):
        for status, wanted in (
            ("hidden", "hidden"),
            ("disabled", "disabled"),
            ("visible", "active"),
        ):
            answer = self.get_success_response(*self.place(), method="put", status=status)
            assert answer.data["status"] == wanted
        for status in ("gone", "pending_deletion"):
            self.get_error_response(*self.place(), method="put", status=status, status_code=400)
        self.get_error_response(*self.place(), method="put", name="x", status_code=400)

    def test_another_integration_takes_the_mappings_along(self):
        mapping = self.create_code_mapping(
            project=self.create_project(self.organization), repo=self.repo
        )
        integration = self.create_integration(organization=self.organization)
        answer = self.get_success_response(
            *self.place(), method="put", integrationId=str(integration.pk)
        )
        assert answer.data["integrationId"] == str(integration.pk)
        mapping.refresh_from_db()
        assert mapping.integration_id == integration.pk
        foreign = self.create_integration(organization=self.create_organization())
        self.get_error_response(
            *self.place(), method="put", integrationId=str(foreign.pk), status_code=404
        )

    def test_a_deleted_one_is_marked_and_seen_no_more(self):
        answer = self.get_success_response(*self.place(), method="delete", status_code=202)
        assert answer.content == b""
        self.repo.refresh_from_db()
        assert self.repo.status == RepositoryStatus.PENDING_DELETION
        for method in ("get", "delete", "put"):
            self.get_error_response(*self.place(), method=method, status_code=404)

    def test_a_member_reads_only(self):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user)
        self.login_as(user)
        self.get_success_response(*self.place())
        for method in ("put", "delete"):
            self.get_error_response(*self.place(), method=method, status_code=403)

    def test_a_foreign_one(self):
        foreign = self.create_repo(organization_id=self.create_organization().id)
        for method in ("get", "put", "delete"):
            self.get_error_response(
                self.organization.slug, foreign.id, method=method, status_code=404
            )
