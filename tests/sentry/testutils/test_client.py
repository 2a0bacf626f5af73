import pytest
from django.db import connection
from google.rpc import error_details_pb2

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils import rpc
from sentry.testutils.cases import TestCase, TransactionTestCase
from sentry.testutils.client import Client
from sentry.testutils.rpc import RpcStatus


class RestTest(TestCase):
    def test_django_s_ways_of_calling_work(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        response = self.client.get("/api/0/organizations/", HTTP_X_API_KEY=token)
        assert response.status_code == 200
        assert response["content-type"] == "application/json"
        assert "application/json" in response.get("Content-Type", "")
        assert [item["slug"] for item in response.json()] == [self.organization.slug]
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_session_is_kept_and_dropped(self):
        assert self.organization
        self.login_as(self.user)
        for _ in range(2):
            assert self.client.get("/api/0/organizations/").status_code == 200
        self.client.logout()
        assert self.client.get("/api/0/organizations/").status_code == 401

    def test_clients_share_no_cookies(self):
        self.login_as(self.user)
        assert not Client().cookies

    def test_the_test_s_own_transaction_stays_open(self):
        repo = self.create_repo(organization_id=self.organization.id)
        self.client.get("/api/0/organizations/")
        assert connection.in_atomic_block
        repo.refresh_from_db()


class RpcTest(TestCase):
    def setUp(self):
        super().setUp()
        self.repo = self.create_repo(name="acme/api", organization_id=self.organization.id)
        _, self.token = self.create_api_key(self.organization, ["repository:read"])

    def test_bytes_in_message_out(self):
        request = scm_pb2.GetRepositoryRequest(repository_id=self.repo.id)
        for prefix in ("", "/grpc"):
            answer = self.rpc("GetRepository", request, token=self.token, path_prefix=prefix)
            assert answer.status is RpcStatus.OK
            assert answer.response == scm_pb2.Repository.FromString(
                answer.response.SerializeToString()
            )
            assert answer.response.name == "acme/api"
            assert answer.http["content-type"].startswith("application/grpc-web")

    def test_a_failure_has_a_status_a_reason_and_details(self):
        request = scm_pb2.GetRepositoryRequest(repository_id=1)
        answer = self.rpc("GetRepository", request, token=self.token)
        assert answer.status is RpcStatus.NOT_FOUND
        assert answer.reason == "RESOURCE_NOT_FOUND"
        assert answer.detail(error_details_pb2.ErrorInfo).reason == answer.reason
        assert answer.responses == ()
        with pytest.raises(AssertionError, match="NOT_FOUND"):
            _ = answer.response

    def test_no_credential(self):
        answer = self.rpc("GetRepository", scm_pb2.GetRepositoryRequest(repository_id=1))
        assert answer.status is RpcStatus.UNAUTHENTICATED

    def test_headers_and_a_wrong_body(self):
        answer = self.rpc("GetRepository", b"\x00\x00", headers={"x-api-key": self.token})
        assert answer.status is RpcStatus.INVALID_ARGUMENT


class OutsideOfATransactionTest(TransactionTestCase):
    def test_both_doors(self):
        repo = self.create_repo(organization_id=self.organization.id)
        _, token = self.create_api_key(self.organization, ["repository:read", "org:read"])
        request = scm_pb2.GetRepositoryRequest(repository_id=repo.id)
        assert self.rpc("GetRepository", request, token=token).response.id == repo.id
        response = self.client.get("/api/0/organizations/", headers={"x-api-key": token})
        assert [item["slug"] for item in response.json()] == [self.organization.slug]


def test_frames():
    body = rpc.frame(b"one") + rpc.frame(b"", flag=0x80)
    assert rpc.unframe(body) == [(0, b"one"), (0x80, b"")]
    with pytest.raises(AssertionError, match="within a frame"):
        rpc.unframe(body[:-6])
