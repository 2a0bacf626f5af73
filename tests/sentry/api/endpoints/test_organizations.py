import pytest
from django.test import override_settings

from sentry.auth.roles import Role
from sentry.testutils.cases import APITestCase


class OrganizationsTest(APITestCase):
    endpoint = "sentry-api-0-organizations"

    def test_a_key_sees_its_own_organization_only(self):
        self.create_organization()
        _, token = self.create_api_key(self.organization, ["org:read"])
        response = self.get_success_response(headers={"x-api-key": token})
        assert response["content-type"] == "application/json"
        assert [item["id"] for item in response.data] == [str(self.organization.id)]

    def test_a_session_sees_every_organization_of_its_user(self):
        second = self.create_organization()
        self.create_member(organization=second, user=self.user)
        self.create_organization()
        assert self.organization.slug != second.slug
        self.login_as(self.user)
        slugs = {item["slug"] for item in self.get_success_response().data}
        assert slugs == {self.organization.slug, second.slug}

    def test_a_session_walks_its_organizations_by_pages(self):
        others = [self.create_organization(owner=self.user) for _ in range(2)]
        wanted = {self.organization.slug, *(other.slug for other in others)}
        self.login_as(self.user)
        seen, cursor = [], ""
        for _ in wanted:
            response = self.get_success_response(per_page="1", cursor=cursor)
            seen += [item["slug"] for item in response.data]
            cursor = response["link"].rpartition('cursor="')[2].rstrip('"')
        assert set(seen) == wanted
        assert cursor == ""

    def test_the_scope_is_needed(self):
        _, token = self.create_api_key(self.organization, ["repository:read"])
        response = self.get_error_response(status_code=403, headers={"x-api-key": token})
        assert response.data == {
            "detail": "this needs the scope org:admin or org:read or org:write"
        }

    def test_nobody_is_asked_who_they_are(self):
        response = self.get_error_response(status_code=401)
        assert response.data == {"detail": "a credential is needed"}
        assert response["www-authenticate"].startswith("Bearer")

    def test_a_user_without_an_organization_finds_none(self):
        self.login_as(self.create_user())
        assert self.get_success_response().data == []
        self.get_error_response(method="post", name="Mine", status_code=403)
        other = {"x-organization-id": str(self.organization.id)}
        self.get_error_response(headers=other, status_code=404)


class OrganizationDetailsTest(APITestCase):
    endpoint = "sentry-api-0-organization-details"

    def test_an_owner_reads_the_organization(self):
        organization = self.create_organization(owner=self.user, name="Acme", slug="acme")
        self.login_as(self.user)
        data = self.get_success_response("acme").data
        assert data["id"] == str(organization.id)
        assert (data["slug"], data["name"]) == ("acme", "Acme")
        assert data["dateCreated"].endswith("Z")
        assert data["orgRole"] == "owner"
        assert "repository:write" in data["access"]
        assert data["links"] == {
            "organizationUrl": "http://localhost:8000/organizations/acme/",
            "regionUrl": "",
        }

    @override_settings(SENTRY_URL_PREFIX="https://errors.example/")
    def test_the_region_is_named_where_it_is_https(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        response = self.get_success_response(self.organization.slug, headers={"x-api-key": token})
        assert response.data["links"]["regionUrl"] == "https://errors.example"
        assert response.data["orgRole"] is None

    def test_head_is_get_without_a_body(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        headers = {"x-api-key": token}
        response = self.get_success_response(self.organization.slug, method="head", headers=headers)
        assert response["content-type"] == "application/json"
        _, weak = self.create_api_key(self.organization, ["event:read"])
        self.get_error_response(
            self.organization.slug, method="head", headers={"x-api-key": weak}, status_code=403
        )

    def test_another_organization_is_not_found(self):
        other = self.create_organization()
        _, token = self.create_api_key(self.organization, ["org:read"])
        for slug in (other.slug, "nobody"):
            response = self.get_error_response(slug, status_code=404, headers={"x-api-key": token})
            assert response.data == {"detail": "organization not found"}

    def test_a_session_does_not_reach_a_foreign_organization(self):
        other = self.create_organization()
        assert self.organization
        self.login_as(self.user)
        self.get_error_response(other.slug, status_code=404)
        headers = {"x-organization-id": str(self.organization.id)}
        self.get_error_response(other.slug, status_code=404, headers=headers)

    def test_a_user_token_acts_with_scopes_and_role(self):
        member = self.create_user()
        self.create_member(organization=self.organization, user=member, role=Role.MEMBER)
        _, token = self.create_user_auth_token(member, ["org:admin", "repository:write"])
        response = self.get_success_response(
            self.organization.slug, headers={"authorization": f"Bearer {token}"}
        )
        assert response.data["access"] == ["org:read", "repository:read"]
        assert response.data["orgRole"] == "member"


class UserTokenTest(APITestCase):
    endpoint = "sentry-api-0-organization-details"

    def test_the_path_chooses_among_the_user_s_organizations(self):
        second = self.create_organization(owner=self.user)
        _, token = self.create_user_auth_token(self.user)
        headers = {"authorization": f"Bearer {token}"}
        for organization in (self.organization, second):
            data = self.get_success_response(organization.slug, headers=headers).data
            assert data["id"] == str(organization.id)
        named = {**headers, "x-organization-id": str(second.id)}
        self.get_success_response(second.slug, headers=named)
        self.get_error_response(self.organization.slug, headers=named, status_code=404)

    def test_a_foreign_slug_is_answered_like_nobody_s(self):
        foreign = self.create_organization()
        single = self.create_user()
        self.create_member(organization=self.organization, user=single)
        self.create_organization(owner=self.user)
        for user, status in ((single, 404), (self.user, 401)):
            _, token = self.create_user_auth_token(user)
            headers = {"authorization": f"Bearer {token}"}
            answers = [
                self.get_error_response(slug, headers=headers, status_code=status).data
                for slug in (foreign.slug, "nobody")
            ]
            assert answers[0] == answers[1]


@pytest.mark.parametrize("mode", ["CONTROL"])
@pytest.mark.django_db
def test_a_region_endpoint_is_not_there_in_control(mode, client, settings):
    settings.SILO_MODE = mode
    response = client.get("/api/0/organizations/")
    assert response.status_code == 404
    assert response.json() == {"detail": "endpoint not found"}


class CreateTest(APITestCase):
    endpoint = "sentry-api-0-organizations"
    method = "post"

    def test_the_signed_in_user_owns_it(self):
        assert self.organization.id
        self.login_as(self.user)
        answer = self.get_success_response(name="New One", status_code=201).data
        assert (answer["slug"], answer["name"]) == ("new-one", "New One")
        path = f"/api/0/organizations/{answer['slug']}/"
        assert self.client.get(path).json()["orgRole"] == "owner"
        self.get_error_response(name="New One", status_code=409)
        self.get_error_response(name="New One", slug="-", status_code=400)

    def test_no_program_makes_one(self):
        _, token = self.create_api_key(self.organization, ["org:admin"])
        answer = self.get_error_response(name="New", headers={"x-api-key": token}, status_code=403)
        assert answer.data == {"detail": "this needs a session: sign in"}
        user = self.create_user()
        self.create_member(organization=self.organization, user=user)
        self.login_as(user)
        self.get_error_response(name="New", status_code=403)


class ChangeTest(APITestCase):
    endpoint = "sentry-api-0-organization-details"

    def test_name_and_slug(self):
        self.login_as(self.user)
        answer = self.get_success_response(
            self.organization.slug, method="put", name="New", slug="brand-new"
        ).data
        assert (answer["slug"], answer["name"]) == ("brand-new", "New")
        self.get_error_response(self.organization.slug, status_code=404)
        other = self.create_organization()
        self.get_error_response("brand-new", method="put", slug=other.slug, status_code=409)
        self.get_error_response("brand-new", method="put", slug="7", status_code=400)

    def test_an_owner_deletes_it_when_it_is_empty(self):
        organization = self.create_organization(owner=self.user)
        team = self.create_team(organization)
        key, token = self.create_api_key(organization, ["org:admin"])
        project = self.create_project(organization, teams=[team])
        self.login_as(self.user)
        answer = self.get_error_response(organization.slug, method="delete", status_code=409)
        assert "delete these first" in answer.data["detail"]
        project.delete()
        self.get_success_response(organization.slug, method="delete", status_code=204)
        self.client.logout()
        self.get_error_response(organization.slug, headers={"x-api-key": token}, status_code=401)
        assert not type(key).objects.filter(pk=key.pk).exists()

    def test_a_manager_does_not(self):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=Role.MANAGER)
        self.login_as(user)
        self.get_error_response(self.organization.slug, method="delete", status_code=403)
        self.get_success_response(self.organization.slug, method="put", name="x")
