"""Who is let in at the RPC door, with what, and in which order that is asked."""

import pytest

from sentry.auth.roles import Role
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.grpc.policy import POLICIES
from sentry.models.apikey import ApiKeyStatus
from sentry.testutils.cases import TestCase
from sentry.testutils.rpc import RpcStatus, frame

LIST = scm_pb2.ListRepositoriesRequest()
METHODS = sorted(policy.name for policy in POLICIES.values())


class AuthenticationCase(TestCase):
    def ask(self, headers=None, request=LIST, method="ListRepositories", **options):
        return self.rpc(method, request, headers=headers, **options)

    def assert_refused(self, answer, reason="CREDENTIAL_INVALID"):
        assert answer.status is RpcStatus.UNAUTHENTICATED
        assert answer.reason == reason
        assert answer.responses == ()

    def assert_accepted(self, answer):
        assert answer.status is RpcStatus.OK, answer.message


class TestApiKey(AuthenticationCase):
    def test_accepted(self):
        _, token = self.create_api_key(self.organization)
        self.assert_accepted(self.ask(token=token))

    def test_its_own_organization_may_be_named(self):
        _, token = self.create_api_key(self.organization)
        own, other = str(self.organization.id), str(self.create_organization().id)
        self.assert_accepted(self.ask({"x-organization-id": own}, token=token))
        self.assert_refused(self.ask({"x-organization-id": other}, token=token))

    def test_unknown_empty_long_or_odd(self):
        for token in ("sapk_unknown", "x" * 5000, "ключ", "sntrys_x", "\x7f"):
            headers = {"x-api-key": token.encode("utf-8").decode("latin-1")}
            self.assert_refused(self.ask(headers))
        self.assert_refused(self.ask({"x-api-key": ""}), "CREDENTIAL_MISSING")

    def test_inactive(self):
        key, token = self.create_api_key(self.organization)
        self.assert_accepted(self.ask(token=token))
        key.status = ApiKeyStatus.INACTIVE
        key.save()
        self.assert_refused(self.ask(token=token))

    def test_deleted(self):
        key, token = self.create_api_key(self.organization)
        self.assert_accepted(self.ask(token=token))
        key.delete()
        self.assert_refused(self.ask(token=token))

    def test_is_no_bearer(self):
        _, token = self.create_api_key(self.organization)
        self.assert_refused(self.ask({"authorization": f"Bearer {token}"}))

    def test_two_credentials_are_one_too_many(self):
        _, token = self.create_api_key(self.organization)
        _, bearer = self.create_org_auth_token(self.organization, ["repository:read"])
        for other in ({"authorization": f"Bearer {bearer}"}, {"x-signature": "v1=00"}):
            answer = self.ask(other, token=token)
            self.assert_refused(answer)
            assert answer.message == "more than one credential was given"


class TestOrganizationToken(AuthenticationCase):
    def test_accepted(self):
        _, token = self.create_org_auth_token(self.organization, ["repository:read"])
        for scheme in ("Bearer", "bearer", "BEARER "):
            self.assert_accepted(self.ask({"authorization": f"{scheme} {token}"}))

    def test_deactivated(self):
        from django.utils import timezone

        row, token = self.create_org_auth_token(self.organization, ["repository:read"])
        self.assert_accepted(self.ask({"authorization": f"Bearer {token}"}))
        row.date_deactivated = timezone.now()
        row.save()
        self.assert_refused(self.ask({"authorization": f"Bearer {token}"}))

    def test_other_schemes(self):
        _, token = self.create_org_auth_token(self.organization, ["repository:read"])
        for value in (f"Basic {token}", token, "Bearer", "Bearer ghp_x", f"Bearer {'x' * 5000}"):
            self.assert_refused(self.ask({"authorization": value}))

    def test_is_no_api_key(self):
        _, token = self.create_org_auth_token(self.organization, ["repository:read"])
        self.assert_refused(self.ask(token=token))
        self.assert_accepted(self.ask({"authorization": f"Bearer {token}"}))
        self.assert_refused(self.ask(token=token))


class TestUserToken(AuthenticationCase):
    def setUp(self):
        super().setUp()
        self.member = self.create_user()
        self.create_member(organization=self.organization, user=self.member)

    def bearer(self, token, organization=None):
        named = {"x-organization-id": str(organization.id)} if organization else {}
        return {"authorization": f"Bearer {token}", **named}

    def test_the_only_organization_needs_no_name(self):
        _, token = self.create_user_auth_token(self.member)
        self.assert_accepted(self.ask(self.bearer(token)))

    def test_one_of_two_organizations_must_be_named(self):
        second = self.create_organization()
        self.create_member(organization=second, user=self.member)
        repo = self.create_repo(organization_id=second.id)
        _, token = self.create_user_auth_token(self.member)

        answer = self.ask(self.bearer(token))
        self.assert_refused(answer)
        assert answer.message.startswith("x-organization-id is needed")
        found = self.ask(self.bearer(token, second)).response.repositories
        assert [one.id for one in found] == [repo.id]
        assert not self.ask(self.bearer(token, self.organization)).response.repositories

    def test_without_any_organization(self):
        _, token = self.create_user_auth_token(self.create_user())
        self.assert_refused(self.ask(self.bearer(token)))

    def test_an_organization_of_others(self):
        _, token = self.create_user_auth_token(self.member)
        self.assert_refused(self.ask(self.bearer(token, self.create_organization())))

    def test_a_name_that_is_no_id(self):
        _, token = self.create_user_auth_token(self.member)
        for text in ("acme", "-1", "1e3", "9" * 17, "٣", "1 2"):
            headers = self.bearer(token) | {
                "x-organization-id": text.encode("utf-8").decode("latin-1")
            }
            self.assert_refused(self.ask(headers))

    def test_scopes_are_those_of_the_token_that_the_role_holds_too(self):
        mapping = scm_pb2.CreateCodeMappingRequest()
        _, token = self.create_user_auth_token(self.member, ["repository:admin"])
        self.assert_accepted(self.ask(self.bearer(token)))
        denied = self.ask(self.bearer(token), mapping, "CreateCodeMapping")
        assert denied.status is RpcStatus.PERMISSION_DENIED

        admin = self.create_user()
        self.create_member(organization=self.organization, user=admin, role=Role.ADMIN)
        _, full = self.create_user_auth_token(admin)
        asked = self.ask(self.bearer(full), mapping, "CreateCodeMapping")
        assert asked.status is RpcStatus.INVALID_ARGUMENT
        _, narrow = self.create_user_auth_token(admin, ["repository:read"])
        denied = self.ask(self.bearer(narrow), mapping, "CreateCodeMapping")
        assert denied.status is RpcStatus.PERMISSION_DENIED

    def test_a_role_that_is_lowered_counts_at_once(self):
        admin = self.create_user()
        member = self.create_member(organization=self.organization, user=admin, role=Role.ADMIN)
        _, token = self.create_user_auth_token(admin)
        mapping = scm_pb2.CreateCodeMappingRequest()
        before = self.ask(self.bearer(token), mapping, "CreateCodeMapping")
        member.role = Role.MEMBER
        member.save()
        after = self.ask(self.bearer(token), mapping, "CreateCodeMapping")
        assert before.status is RpcStatus.INVALID_ARGUMENT
        assert after.status is RpcStatus.PERMISSION_DENIED

    def test_expired(self):
        from datetime import timedelta

        from django.utils import timezone

        now = timezone.now()
        _, dead = self.create_user_auth_token(self.member, expires_at=now - timedelta(seconds=1))
        _, alive = self.create_user_auth_token(self.member, expires_at=now + timedelta(hours=1))
        self.assert_refused(self.ask(self.bearer(dead)))
        self.assert_accepted(self.ask(self.bearer(alive)))

    def test_of_a_deactivated_user(self):
        _, token = self.create_user_auth_token(self.member)
        self.assert_accepted(self.ask(self.bearer(token)))
        self.member.is_active = False
        self.member.save()
        self.assert_refused(self.ask(self.bearer(token)))

    def test_of_a_former_member(self):
        _, token = self.create_user_auth_token(self.member)
        self.assert_accepted(self.ask(self.bearer(token, self.organization)))
        self.member.refresh_from_db()
        from sentry.models import OrganizationMember

        OrganizationMember.objects.get(user_id=self.member.pk).delete()
        self.assert_refused(self.ask(self.bearer(token, self.organization)))


class TestOrder(AuthenticationCase):
    """Credential, scope, message, ownership."""

    def test_the_credential_is_asked_for_before_the_message_is_read(self):
        self.assert_refused(self.ask(request=b"\xff"), "CREDENTIAL_MISSING")

    def test_the_scope_is_asked_for_before_the_message_is_read(self):
        _, token = self.create_api_key(self.organization, ["org:admin"])
        answer = self.ask(request=b"\xff", token=token)
        assert answer.status is RpcStatus.PERMISSION_DENIED
        assert answer.reason == "SCOPE_MISSING"
        assert answer.message == "this needs the scope repository:read"

    def test_the_message_is_read_before_ownership_is_asked_for(self):
        foreign = self.create_organization()
        _, token = self.create_api_key(self.organization)
        wrong = scm_pb2.ListRepositoriesRequest(organization_id=foreign.id, page_size=-1)
        right = scm_pb2.ListRepositoriesRequest(organization_id=foreign.id)
        assert self.ask(request=b"\xff", token=token).status is RpcStatus.INVALID_ARGUMENT
        assert self.ask(request=wrong, token=token).status is RpcStatus.INVALID_ARGUMENT
        assert self.ask(request=right, token=token).status is RpcStatus.NOT_FOUND


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
def test_every_rpc_needs_a_credential_with_its_scope(method, scene):
    from sentry.auth.scopes import ALL_SCOPES, expand
    from sentry.testutils.factories import Factories

    policy = next(policy for policy in POLICIES.values() if policy.name == method)
    others = [scope for scope in ALL_SCOPES if policy.scope not in expand([scope])]
    _, weak = Factories.create_api_key(scene.organization, others)
    revoked, gone = Factories.create_api_key(scene.organization, [policy.scope])
    revoked.delete()

    without = scene.rpc(method, frame(b""), token=None)
    unknown = scene.rpc(method, frame(b""), token="sapk_unknown")
    late = scene.rpc(method, frame(b""), token=gone)
    poor = scene.rpc(method, frame(b""), token=weak)

    assert (without.status, without.reason) == (RpcStatus.UNAUTHENTICATED, "CREDENTIAL_MISSING")
    for answer in (unknown, late):
        assert (answer.status, answer.reason) == (RpcStatus.UNAUTHENTICATED, "CREDENTIAL_INVALID")
    assert unknown.http.content == late.http.content
    assert (poor.status, poor.reason) == (RpcStatus.PERMISSION_DENIED, "SCOPE_MISSING")
