from forge_emulator import Emulator
from forge_emulator.faults import Fault
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import Integration
from sentry.testutils.cases import APITestCase

TOKENS = {"ghp_good": ("dora", "repo"), "ghp_next": ("dora", "repo"), "ghp_poor": ("dora", "gist")}


class IntegrationsCase(APITestCase):
    def setUp(self):
        super().setUp()
        shared_runtime.cache_clear()
        self.addCleanup(shared_runtime.cache_clear)
        self.host = self.enterContext(Emulator(dialect="github", repositories=[], tokens=TOKENS))
        self.enterContext(self.settings(SCM_ALLOWED_HOSTS=["127.0.0.1"]))
        _, token = self.create_api_key(self.organization, ["org:integrations"])
        self.headers = {"x-api-key": token}

    def metadata(self, token):
        return {"base_url": self.host.url, "web_url": self.host.url, "token": token}

    def get(self, *where, **params):
        return self.get_success_response(
            self.organization.slug, *where, headers=self.headers, **params
        ).data


class ListTest(IntegrationsCase):
    endpoint = "sentry-api-0-organization-integrations"

    def test_they_are_listed_by_name_without_their_credentials(self):
        for name, provider in (("b", "github"), ("a", "gitlab")):
            self.create_integration(
                organization=self.organization, name=name, provider=provider,
                metadata={"token": "ghp_hunter2"},
            )  # fmt: skip
        self.create_integration(organization=self.create_organization())
        found = self.get()
        assert [item["name"] for item in found] == ["a", "b"]
        assert [item["name"] for item in self.get(provider="github")] == ["b"]
        assert [item["name"] for item in self.get(providerKey="gitlab")] == ["a"]
        row = Integration.objects.get(name="b")
        assert found[1] == {
            "id": str(row.pk),
            "name": "b",
            "externalId": row.external_id,
            "provider": {"key": "github", "name": "GitHub"},
            "status": "active",
            "brokenReason": None,
            "brokenSince": None,
        }
        assert "hunter2" not in str(found)


class AddTest(IntegrationsCase):
    endpoint = "sentry-api-0-organization-integrations"
    method = "post"

    def add(self, token="ghp_good", **body):
        body = {"provider": "github", "metadata": self.metadata(token), **body}
        return self.get_response(self.organization.slug, headers=self.headers, **body)

    def test_an_account_is_added_once(self):
        response = self.add(name="Ours")
        assert response.status_code == 201
        row = Integration.objects.get()
        assert (response.data["id"], response.data["name"]) == (str(row.pk), "Ours")
        assert response.data["externalId"].split(":")[-1].startswith("user-")
        again = self.add("ghp_next")
        assert again.data == response.data
        assert Integration.objects.get().plain_metadata()["token"] == "ghp_next"

    def test_what_is_missing_is_named(self):
        response = self.add("ghp_poor")
        assert response.status_code == 400
        assert response.data["errors"] == {"metadata": ["the credential lacks: repo"]}
        assert not Integration.objects.exists()

    def test_a_rejected_one_is_not_stored(self):
        response = self.add("ghp_hunter2")
        assert response.status_code == 409
        assert response.data == {"detail": "the host rejected the integration's credential"}
        assert "hunter2" not in str(response.data)
        assert not Integration.objects.exists()

    def test_a_refresh_token_that_was_used_in_vain_is_told(self):
        with Emulator(dialect="gitlab", repositories=[]) as host:
            host.add_oauth_client("app", "app-s3cret")
            for scope, fault, status in (("read_user", None, 400), ("api", "/user", 503)):
                if fault:
                    host.faults.add(Fault(kind="status", status=503, match=fault))
                pair = host.give_oauth("app", "dora", scope)
                oauth = {
                    "client_id": "app", "client_secret": "app-s3cret", "expires_at": 1,
                    "access_token": pair.access_token, "refresh_token": pair.refresh_token,
                }  # fmt: skip
                metadata = {"base_url": host.url, "oauth": oauth}
                with self.subTest(status=status):
                    response = self.add(provider="gitlab", metadata=metadata)
                    assert response.status_code == status
                    assert response.data["detail"].endswith("any more: authorize again")
                    assert pair.refresh_token not in str(response.data)
        assert not Integration.objects.exists()

    def test_bad_bodies(self):
        for body, field in (
            ({"provider": "nonsense"}, "provider"),
            ({"provider": None}, "provider"),
            ({"metadata": "ghp_hunter2"}, "metadata"),
            ({"metadata": ["ghp_hunter2"]}, "metadata"),
            ({"metadata": {}}, "metadata"),
            ({"metadata": {"token": "hunter2 and more"}}, "token"),
            ({"metadata": {"token": "ghp_good", "hunter2": "x"}}, "hunter2"),
            ({"name": "x" * 201}, "name"),
            ({"verify": False}, "verify"),
        ):
            with self.subTest(body=body):
                response = self.add(**body)
                assert response.status_code == 400, response.data
                assert field in response.data["errors"]
                assert "hunter2 and" not in str(response.data)
        assert not Integration.objects.exists()
        assert not self.host.requests

    def test_an_address_that_the_operator_did_not_allow(self):
        with self.settings(SCM_ALLOWED_HOSTS=[]):
            assert self.add().status_code == 409
        assert not self.host.requests

    def test_another_organization_is_not_found(self):
        response = self.get_response(
            self.create_organization().slug, headers=self.headers, provider="github", metadata={}
        )
        assert response.status_code == 404


class DetailsTest(IntegrationsCase):
    endpoint = "sentry-api-0-organization-integration-details"

    def setUp(self):
        super().setUp()
        self.integration = self.create_integration(
            organization=self.organization, name="Ours", metadata=self.metadata("ghp_old")
        )

    def put(self, token, integration_id=None, **more):
        return self.get_response(
            self.organization.slug, integration_id or self.integration.pk, method="put",
            headers=self.headers, metadata={"token": token, **more},
        )  # fmt: skip

    def test_a_broken_one_says_why_and_is_mended_by_another_credential(self):
        Integration.objects.update(broken_reason="rejected", broken_at="2026-01-02T03:04:05Z")
        shown = self.get(self.integration.pk)
        assert (shown["status"], shown["brokenReason"]) == ("broken", "rejected")
        assert shown["brokenSince"].startswith("2026-01-02")
        response = self.put("ghp_good")
        assert response.status_code == 200
        assert (response.data["status"], response.data["brokenReason"]) == ("active", None)
        assert response.data["id"] == str(self.integration.pk)
        assert Integration.objects.get().plain_metadata()["token"] == "ghp_good"

    def test_the_same_host_may_come_along(self):
        assert self.put("ghp_good", base_url=self.host.url).status_code == 200
        assert Integration.objects.get().plain_metadata()["token"] == "ghp_good"

    def test_what_cannot_be_put(self):
        assert self.put("ghp_poor").status_code == 400
        assert self.put("ghp_good", base_url="https://elsewhere.example").status_code == 400
        assert self.put("ghp_none").status_code == 409
        foreign = self.create_integration(organization=self.create_organization())
        assert self.put("ghp_good", foreign.pk).status_code == 404
        self.get_error_response(
            self.organization.slug, foreign.pk, headers=self.headers, status_code=404
        )
        assert (
            Integration.objects.get(pk=self.integration.pk).plain_metadata()["token"] == "ghp_old"
        )
