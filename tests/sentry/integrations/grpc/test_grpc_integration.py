"""Whole gRPC-Web calls: a credential, rows, pages."""

from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import ApiKey
from sentry.testutils.cases import TestCase
from sentry.testutils.rpc import CONTENT_TYPE, RpcStatus


class TestGrpcWebIntegration(TestCase):
    def setUp(self):
        super().setUp()
        self.api_key, self.token = ApiKey.objects.create_with_token(
            organization_id=self.organization.id, scope_list=["org:read", "repository:read"]
        )

    def list(self, **fields):
        request = scm_pb2.ListRepositoriesRequest(organization_id=self.organization.id, **fields)
        return self.rpc("ListRepositories", request, token=self.token)

    def test_grpc_web_request_with_auth(self):
        self.create_repo(name="test-repo", organization_id=self.organization.id)

        answer = self.list()

        assert answer.http.status_code == 200
        assert answer.http["content-type"] == CONTENT_TYPE
        assert answer.trailers["grpc-status"] == "0"
        assert [repo.name for repo in answer.response.repositories] == ["test-repo"]

    def test_grpc_web_request_without_auth(self):
        request = scm_pb2.ListRepositoriesRequest(organization_id=self.organization.id)

        answer = self.rpc("ListRepositories", request)

        assert answer.http.status_code == 200
        assert answer.status is RpcStatus.UNAUTHENTICATED
        assert answer.responses == ()

    def test_the_secret_of_a_key_is_nowhere_stored(self):
        stored = ApiKey.objects.get(pk=self.api_key.pk)

        kept = [str(value) for value in vars(stored).values()]
        assert not any(self.token in value for value in kept)
        assert stored.token_last_characters == self.token[-4:]

    def test_pagination(self):
        names = sorted(f"repo-{number}" for number in range(10))
        for name in reversed(names):
            self.create_repo(name=name, organization_id=self.organization.id)

        first = self.list(page_size=5).response
        second = self.list(page_size=5, page_token=first.next_page_token).response

        assert [repo.name for repo in first.repositories] == names[:5]
        assert [repo.name for repo in second.repositories] == names[5:]
        assert second.next_page_token == ""
