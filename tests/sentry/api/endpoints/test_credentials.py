"""API keys, organization tokens and user tokens: made, shown once, changed, revoked."""

from datetime import timedelta

from django.utils import timezone

from sentry.auth.roles import Role
from sentry.models import ApiToken
from sentry.testutils.cases import APITestCase


class CredentialsCase(APITestCase):
    __test__ = False
    details: str

    def setUp(self):
        super().setUp()
        assert self.organization.id
        self.login_as(self.user)

    def make(self, **body):
        body.setdefault("scopes", ["org:read"])
        return self.get_success_response(
            self.organization.slug, method="post", status_code=201, **body
        ).data

    def call(self, method, number, status, **body):
        self.endpoint, kept = self.details, self.endpoint
        try:
            answer = self.get_response(self.organization.slug, number, method=method, **body)
        finally:
            self.endpoint = kept
        assert answer.status_code == status, answer.content
        return answer.data

    def headers(self, token):
        raise NotImplementedError

    def foreign(self, organization):
        """A credential of another organization."""
        raise NotImplementedError

    def use(self, token):
        path = f"/api/0/organizations/{self.organization.slug}/"
        return type(self.client)().get(path, headers=self.headers(token)).status_code

    def test_a_secret_is_shown_once(self):
        made = self.make(name="ci", scopes=["org:read", "team:read"])
        token = made.pop("token")
        assert made == {
            "id": made["id"],
            "name": "ci",
            "lastCharacters": token[-4:],
            "scopes": ["org:read", "team:read"],
            "active": True,
            "dateCreated": made["dateCreated"],
            "expiresAt": None,
        }
        assert self.use(token) == 200
        listed = self.get_response(self.organization.slug)
        assert listed.data == [made]
        assert self.call("get", made["id"], 200) == made
        assert token not in listed.content.decode()

    def test_a_revoked_one_is_refused_at_once(self):
        made = self.make()
        assert self.use(made["token"]) == 200
        for _ in range(2):
            assert self.call("delete", made["id"], 204) is None
        assert self.use(made["token"]) == 401
        assert self.call("get", made["id"], 200)["active"] is False

    def test_changes_hold_at_once(self):
        made = self.make(scopes=["org:read"])
        assert self.use(made["token"]) == 200
        changed = self.call("put", made["id"], 200, name="new", scopes=["team:read"])
        assert (changed["name"], changed["scopes"]) == ("new", ["team:read"])
        assert self.use(made["token"]) == 403

    def test_nobody_gives_what_they_do_not_hold(self):
        manager = self.create_user()
        self.create_member(organization=self.organization, user=manager, role=Role.MANAGER)
        strong = self.make(scopes=["org:admin"])
        self.login_as(manager)
        answer = self.get_error_response(
            self.organization.slug, method="post", scopes=["org:admin"], status_code=403
        )
        assert answer.data == {"detail": "this needs the scope org:admin"}
        made = self.make(scopes=["org:write"])
        self.call("put", made["id"], 403, scopes=["org:write", "org:admin"])
        assert self.call("put", strong["id"], 200, scopes=["org:admin", "org:read"])

    def test_what_is_wrong(self):
        for body, field in (
            ({"scopes": []}, "scopes"),
            ({"scopes": ["org:everything"]}, "scopes"),
            ({"scopes": "org:read"}, "scopes"),
            ({"scopes": ["org:read"], "name": "x" * 300}, "name"),
            ({"scopes": ["org:read"], "secret": "x"}, "secret"),
            ({}, "scopes"),
        ):
            with self.subTest(body):
                answer = self.get_error_response(
                    self.organization.slug, method="post", status_code=400, **body
                )
                assert set(answer.data["errors"]) == {field}
        answer = self.get_error_response(
            self.organization.slug, method="post", scopes=["org:read", None, 5], status_code=400
        )
        texts = ["item 2: must not be null", "item 3: must be a text"]
        assert answer.data["errors"] == {"scopes": texts}
        made = self.make()
        for body in ({"scopes": []}, {"scopes": ["x"]}, {"name": "x" * 300}):
            self.call("put", made["id"], 400, **body)

    def test_those_of_others_are_not_there(self):
        foreign = self.foreign(self.create_organization())
        for method in ("get", "put", "delete"):
            self.call(method, foreign.pk, 404)
        assert self.get_success_response(self.organization.slug).data == []

    def test_a_member_has_no_say(self):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=Role.ADMIN)
        self.login_as(user)
        self.get_error_response(self.organization.slug, status_code=403)
        self.get_error_response(
            self.organization.slug, method="post", scopes=["org:read"], status_code=403
        )


class ApiKeysTest(CredentialsCase):
    __test__ = True
    endpoint = "sentry-api-0-organization-api-keys"
    details = "sentry-api-0-organization-api-key-details"

    def headers(self, token):
        return {"x-api-key": token}

    def foreign(self, organization):
        return self.create_api_key(organization)[0]


class OrganizationTokensTest(CredentialsCase):
    __test__ = True
    endpoint = "sentry-api-0-organization-auth-tokens"
    details = "sentry-api-0-organization-auth-token-details"

    def headers(self, token):
        return {"authorization": f"Bearer {token}"}

    def foreign(self, organization):
        return self.create_org_auth_token(organization)[0]


class UserTokensTest(APITestCase):
    endpoint = "sentry-api-0-api-tokens"

    def setUp(self):
        super().setUp()
        assert self.organization.id
        self.login_as(self.user)

    def test_one_s_own(self):
        ends = (timezone.now() + timedelta(days=1)).isoformat()
        made = self.get_success_response(
            method="post", name="laptop", scopes=["org:read"], expiresAt=ends, status_code=201
        ).data
        token = made.pop("token")
        assert token.startswith("sntryu_")
        assert made["expiresAt"][:16] == ends[:16]
        assert self.get_success_response().data == [made]
        headers = {"authorization": f"Bearer {token}"}
        path = f"/api/0/organizations/{self.organization.slug}/"
        stranger = type(self.client)()
        assert stranger.get(path, headers=headers).status_code == 200
        self.endpoint = "sentry-api-0-api-token-details"
        self.get_success_response(made["id"], method="delete", status_code=204)
        assert stranger.get(path, headers=headers).status_code == 401
        other, _ = self.create_user_auth_token(self.create_user())
        self.get_error_response(other.pk, method="delete", status_code=404)

    def test_those_of_a_user_without_an_organization(self):
        loner = self.create_user()
        token, _ = self.create_user_auth_token(loner)
        self.login_as(loner)
        (item,) = self.get_success_response().data
        assert item["id"] == str(token.pk)
        self.get_error_response(method="post", scopes=["org:write"], status_code=403)
        other = {"x-organization-id": str(self.organization.id)}
        self.get_error_response(headers=other, status_code=404)
        self.endpoint = "sentry-api-0-api-token-details"
        self.get_success_response(token.pk, method="delete", status_code=204)

    def test_one_that_has_ended_is_not_made(self):
        ended = (timezone.now() - timedelta(seconds=1)).isoformat()
        answer = self.get_error_response(
            method="post", scopes=["org:read"], expiresAt=ended, status_code=400
        )
        assert answer.data["errors"] == {"expiresAt": ["must be in the future"]}
        assert not ApiToken.objects.filter(user=self.user).exists()

    def test_no_program_makes_one(self):
        _, mine = self.create_user_auth_token(self.user)
        _, key = self.create_api_key(self.organization, ["org:admin"])
        self.client.logout()
        before = ApiToken.objects.count()
        for headers in ({"authorization": f"Bearer {mine}"}, {"x-api-key": key}):
            for method in ("get", "post"):
                answer = self.get_error_response(method=method, headers=headers, status_code=403)
                assert answer.data == {"detail": "this needs a session: sign in"}
        assert ApiToken.objects.count() == before

    def test_nobody_gives_what_they_do_not_hold(self):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=Role.MEMBER)
        self.login_as(user)
        answer = self.get_error_response(method="post", scopes=["org:admin"], status_code=403)
        assert answer.data == {"detail": "this needs the scope org:admin"}
        self.get_success_response(method="post", scopes=["org:read"], status_code=201)
