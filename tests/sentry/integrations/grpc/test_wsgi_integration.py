"""The RPC door is mounted beside Django, in one WSGI application."""

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.cases import TestCase
from sentry.testutils.rpc import CONTENT_TYPE, RpcStatus, frame, unframe

METHOD = "/sentry.integrations.scm.v1.ScmService/ListRepositories"


class TestGrpcWsgiIntegration(TestCase):
    def test_grpc_endpoint_exists(self):
        request = scm_pb2.ListRepositoriesRequest(organization_id=self.organization.id)

        answer = self.rpc("ListRepositories", request)

        assert answer.status is RpcStatus.UNAUTHENTICATED
        assert answer.reason == "CREDENTIAL_MISSING"
        assert answer.http["content-type"] == CONTENT_TYPE

    def test_with_and_without_the_prefix(self):
        _, token = self.create_api_key(self.organization)
        repo = self.create_repo(organization_id=self.organization.id)

        for prefix in ("/grpc", ""):
            answer = self.rpc(
                "ListRepositories",
                scm_pb2.ListRepositoriesRequest(),
                token=token,
                path_prefix=prefix,
            )
            assert [found.id for found in answer.response.repositories] == [repo.id]

    def test_a_failure_is_framed_and_has_http_status_200(self):
        response = self.client.call(
            "POST",
            f"/grpc{METHOD}",
            data=frame(scm_pb2.ListRepositoriesRequest().SerializeToString()),
            content_type=CONTENT_TYPE,
        )

        assert response.status_code == 200
        (trailers,) = unframe(response.content)
        assert trailers[0] == 0x80
        assert b"grpc-status: 16\r\n" in trailers[1]

    def test_an_unframed_body_is_refused(self):
        _, token = self.create_api_key(self.organization)
        body = scm_pb2.ListRepositoriesRequest(organization_id=1).SerializeToString()

        answer = self.rpc("ListRepositories", body, token=token)

        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.reason == "MESSAGE_MALFORMED"

    def test_regular_endpoints_still_work(self):
        response = self.client.get("/api/0/organizations/")

        assert response.status_code == 401
        assert "application/json" in response["content-type"]
