"""Every page of every table, as everybody who may and who may not see it."""

import re
from html import unescape

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sentry import models
from sentry.testutils.cases import TestCase
from sentry.web.admin.secret_fields import secret_names

HOST_TOKEN = "a-token-of-a-host"
WEBHOOK_SECRET = "a-secret-of-webhooks"
NONCE = "a-nonce-that-was-used"


def tables():
    """Every model of the platform."""
    return list(apps.get_app_config("sentry").get_models())


def page(model, name, *args):
    return reverse(f"admin:sentry_{model._meta.model_name}_{name}", args=args)


class AdminCase(TestCase):
    def setUp(self):
        super().setUp()
        self.staff = self.create_user("boss@example.com", is_staff=True, is_superuser=True)

    def fill(self):
        """One row, and more, of every table."""
        integration = self.create_integration(
            organization=self.organization,
            metadata={"token": HOST_TOKEN},
            webhook_secrets=[WEBHOOK_SECRET],
        )
        self.create_webhook_payload(integration)
        self.create_member(organization=self.organization, user=self.staff, teams=[self.team])
        repo = self.create_repo(self.project, integration_id=integration.pk)
        commit = self.create_commit(repo, author=self.create_commit_author())
        self.create_commit_file_change(commit)
        self.create_pull_request(repo)
        self.create_code_mapping(project=self.project, repo=repo)
        self.create_external_issue(
            integration_id=integration.pk, group=self.create_group(self.project)
        )
        self.create_api_key(self.organization)
        self.create_org_auth_token(self.organization)
        self.create_user_auth_token(self.user)
        self.create_idempotency_record(organization_id=self.organization.id)
        self.create_signature_nonce(nonce=NONCE)
        self.create_rate_limit_counter()
        self.create_shared_result()
        self.create_analytics_event(organization_id=self.organization.id)
        self.create_sync_job(self.organization, integration_id=1)
        self.create_option(key="auth.cache-ttl", value=1.0)
        self.create_feature_rule(feature="organizations:integrations-github")
        self.create_task_record(claim="a-claim-of-a-run")
        self.create_periodic_task()
        self.create_lease()

    def secrets(self):
        """Every secret value in the database, as it is stored and as it is plain."""
        found = {HOST_TOKEN, WEBHOOK_SECRET, NONCE}
        for model in tables():
            table = model._meta.db_table
            for name in secret_names(model):
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT {name} FROM {table}")  # noqa: S608 - names of our own
                    found |= {value for (value,) in cursor.fetchall() if value}
        return found


class EveryTableTest(AdminCase):
    def setUp(self):
        super().setUp()
        self.fill()
        self.client.force_login(self.staff)

    def test_what_is_secret(self):
        found = {f"{model.__name__}.{name}" for model in tables() for name in secret_names(model)}
        assert found >= {
            "ApiKey.token_hashed",
            "ApiToken.token_hashed",
            "OrgAuthToken.token_hashed",
            "Integration.metadata",
            "Integration.webhook_secrets",
            "SignatureNonce.nonce",
            "User.password",
            "WebhookPayload.payload",
        }
        assert len(self.secrets()) >= len(found)

    def test_the_list_and_the_row_of_every_table_are_shown_without_secrets(self):
        secrets = self.secrets()
        for model in tables():
            row = model._default_manager.order_by("-pk").first()
            assert row is not None, f"fill() makes no {model.__name__}"
            for path in (
                page(model, "changelist"),
                page(model, "change", row.pk),
                page(model, "history", row.pk),
            ):
                with self.subTest(path):
                    response = self.client.call("GET", path)
                    assert response.status_code == 200
                    text = unescape(response.content.decode())
                    assert str(row.pk) in text
                    assert not [secret for secret in secrets if secret in text]
                    for name in secret_names(model):
                        assert f'name="{name}"' not in text
                        assert not re.search(rf"field-{name}\b", text)

    def test_nothing_is_added_or_deleted_here(self):
        for model in tables():
            row = model._default_manager.first()
            for path in (page(model, "add"), page(model, "delete", row.pk)):
                with self.subTest(path):
                    assert self.client.call("GET", path).status_code == 403
                    assert self.client.post(path, {"post": "yes"}).status_code == 403
            assert model._default_manager.filter(pk=row.pk).exists()

    def test_a_list_takes_the_same_statements_whatever_it_holds(self):
        def statements(model):
            with CaptureQueriesContext(
                connection,
            ) as context:
                self.client.call("GET", page(model, "changelist"))
            return len(context)

        before = {model: statements(model) for model in tables()}
        for _ in range(5):
            self.fill_more()
        for model in tables():
            assert statements(model) == before[model], model

    def fill_more(self):
        project = self.create_project(self.create_organization(owner=self.create_user()))
        integration = self.create_integration(organization=project.organization)
        repo = self.create_repo(project, integration_id=integration.pk)
        commit = self.create_commit(repo, author=self.create_commit_author())
        self.create_commit_file_change(commit)
        self.create_pull_request(repo)
        self.create_code_mapping(project=project, repo=repo)
        self.create_group(project)
        self.create_api_key(project.organization)
        self.create_user_auth_token(self.user)

    def test_a_list_is_searched_by_what_has_an_index(self):
        for row, text in (
            (self.organization, self.organization.slug),
            (self.user, self.user.username),
            (self.project, str(self.project.id)),
        ):
            path = page(type(row), "changelist")
            for query in (text, "nobody-has-this", "9" * 30, "'"):
                response = self.client.get(path, {"q": query})
                assert response.status_code == 200, query
                found = re.findall(rf'href="{path}([^/"]+)/change/', response.content.decode())
                assert set(found) == ({str(row.pk)} if query == text else set()), query

    def test_a_key_that_is_none_finds_nothing(self):
        for key in ("abc", "9" * 30, "0"):
            response = self.client.call("GET", page(models.Project, "change", key))
            assert response.status_code in {302, 404}


class WhoMayTest(AdminCase):
    def paths(self):
        return [
            reverse("admin:index"),
            page(models.User, "changelist"),
            page(models.User, "change", self.user.pk),
            page(models.ApiKey, "add"),
            reverse("admin:password_change"),
        ]

    def refused(self, client=None, **headers):
        for path in self.paths():
            response = (client or self.client).call("GET", path, headers=headers)
            assert response.status_code == 302, path
            assert response["location"].startswith(reverse("admin:login"))

    def test_nobody_is_asked_to_sign_in(self):
        self.refused()

    def test_a_user_who_is_no_staff_is_refused(self):
        self.client.force_login(self.user)
        self.refused()

    def test_credentials_open_nothing_not_even_beside_a_session(self):
        _, token = self.create_user_auth_token(self.staff)
        _, key = self.create_api_key(self.organization, ["org:admin"])
        for headers in ({"authorization": f"Bearer {token}"}, {"x-api-key": key}):
            self.refused(**headers)
        self.client.force_login(self.staff)
        self.refused(**{"x-api-key": key})
        assert self.client.call("GET", reverse("admin:index")).status_code == 200

    def test_staff_who_are_no_superusers_read_and_change_nothing(self):
        reader = self.create_user(is_staff=True)
        self.client.force_login(reader)
        path = page(models.Organization, "change", self.organization.pk)
        response = self.client.call("GET", path)
        assert response.status_code == 200
        assert 'name="_save"' not in response.content.decode()
        assert self.client.post(path, {"name": "Mine"}).status_code == 403
        chosen = {"action": "disable", "_selected_action": [str(self.user.pk)]}
        self.client.post(page(models.User, "changelist"), chosen)
        self.user.refresh_from_db()
        assert self.user.is_active

    def test_a_disabled_superuser_is_out(self):
        self.client.force_login(self.staff)
        self.staff.is_active = False
        self.staff.save()
        self.refused()

    def test_pages_stand_in_no_frame_of_others(self):
        response = self.client.call("GET", reverse("admin:login"))
        assert response["x-frame-options"] == "DENY"


class ChangeTest(AdminCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.staff)

    def test_a_superuser_changes_a_name_and_it_is_logged(self):
        path = page(models.Organization, "change", self.organization.pk)
        slug = self.organization.slug
        response = self.client.post(path, {"name": "Renamed", "slug": "other"})
        assert response.status_code == 302
        self.organization.refresh_from_db()
        assert (self.organization.name, self.organization.slug) == ("Renamed", slug)
        entry = LogEntry.objects.get()
        assert (entry.user_id, entry.object_id) == (self.staff.pk, str(self.organization.pk))

    def test_what_is_read_only_stays(self):
        key, _ = self.create_api_key(self.organization, ["org:read"])
        before = models.ApiKey.objects.values().get(pk=key.pk)
        forged = {"label": "deploys", "scope_list": '["org:admin"]', "organization_id": "1",
                  "token_hashed": "0", "status": "1"}  # fmt: skip
        self.client.post(page(models.ApiKey, "change", key.pk), forged)
        assert models.ApiKey.objects.values().get(pk=key.pk) == {**before, "label": "deploys"}

    def test_a_change_writes_only_what_was_changed(self):
        path = page(models.User, "change", self.user.pk)
        with CaptureQueriesContext(connection) as context:
            self.client.post(path, {"first_name": "Ada", "last_name": ""})
        (update,) = [each["sql"] for each in context if 'UPDATE "sentry_user"' in each["sql"]]
        assert "first_name" in update
        assert "password" not in update
        assert "session_generation" not in update

    def test_every_unsafe_request_needs_the_csrf_token(self):
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.staff)
        path = page(models.Organization, "change", self.organization.pk)
        for each in (path, reverse("admin:login"), reverse("admin:logout")):
            assert client.post(each, {"name": "Forged"}).status_code == 403
        self.organization.refresh_from_db()
        assert self.organization.name != "Forged"


class ActionTest(AdminCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.staff)

    def run_action(self, model, name, row):
        chosen = {"action": name, "_selected_action": [str(row.pk)]}
        response = self.client.post(page(model, "changelist"), chosen)
        assert response.status_code == 302
        row.refresh_from_db()
        return row

    def test_users_are_disabled_and_enabled(self):
        session = self.client_class()
        session.force_login(self.user)
        assert not self.run_action(models.User, "disable", self.user).is_active
        assert self.run_action(models.User, "enable", self.user).is_active
        assert session.get("/api/0/auth/").status_code == 401

    def test_sessions_are_ended(self):
        session = self.client_class()
        session.force_login(self.user)
        self.run_action(models.User, "end_sessions", self.user)
        assert session.get("/api/0/auth/").status_code == 401

    def test_credentials_are_revoked(self):
        key, token = self.create_api_key(self.organization, ["org:read"])
        organization_token, _ = self.create_org_auth_token(self.organization)
        user_token, _ = self.create_user_auth_token(self.user)
        assert self.run_action(models.ApiKey, "revoke", key).status
        for model, row in (
            (models.OrgAuthToken, organization_token),
            (models.ApiToken, user_token),
        ):
            assert self.run_action(model, "revoke", row).date_deactivated is not None
        answer = self.client_class().get("/api/0/organizations/", headers={"x-api-key": token})
        assert answer.status_code == 401
