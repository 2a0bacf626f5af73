"""A provider that is switched off for one organization is off for it alone, at every door."""

import pytest
from click.testing import CliRunner

from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import Integration, Organization, Project, Repository
from sentry.runner.main import cli
from sentry.testutils.cases import APITestCase
from sentry.testutils.rpc import RpcStatus

FLAG = "organizations:integrations-github"
OFF = "the provider github is switched off"


class Tenant:
    """An organization with a repository on GitHub, and a key to it."""

    def __init__(self, case: APITestCase, slug: str) -> None:
        self.organization: Organization = case.create_organization(slug=slug)
        self.project: Project = case.create_project(self.organization)
        self.integration: Integration = case.create_integration(organization=self.organization)
        self.repository: Repository = case.create_repo(
            self.project, integration_id=self.integration.pk
        )
        scopes = ["repository:read", "repository:write"]
        self.token = case.create_api_key(self.organization, scopes)[1]


class SwitchedOffTest(APITestCase):
    endpoint = "sentry-api-0-organization-code-mappings"
    method = "post"

    def setUp(self) -> None:
        super().setUp()
        self.acme, self.other = Tenant(self, "acme"), Tenant(self, "other")
        self.create_feature_rule(
            feature=FLAG, organization_id=self.acme.organization.id, percentage=0
        )

    def test_grpc(self) -> None:
        for tenant, status in (
            (self.acme, RpcStatus.FAILED_PRECONDITION),
            (self.other, RpcStatus.OK),
        ):
            request = scm_pb2.CreateCodeMappingRequest(
                organization_id=tenant.organization.id,
                project_id=tenant.project.id,
                repository_id=tenant.repository.id,
                default_branch="main",
            )
            answer = self.rpc("CreateCodeMapping", request, token=tenant.token)
            assert answer.status is status, answer.message
            assert answer.reason == ("" if status is RpcStatus.OK else "PROVIDER_DISABLED")

    def test_rest(self) -> None:
        for tenant, status in ((self.acme, 409), (self.other, 201)):
            answer = self.get_response(
                tenant.organization.slug,
                headers={"x-api-key": tenant.token},
                projectId=str(tenant.project.id),
                repositoryId=str(tenant.repository.id),
                integrationId=str(tenant.integration.pk),
                stackRoot="",
                sourceRoot="",
                defaultBranch="main",
            )
            assert answer.status_code == status, answer.content
            assert (OFF in answer.content.decode()) is (status == 409)

    def test_commands(self) -> None:
        words = ["integration", "add", "--provider", "github", "--token-stdin", "--no-verify"]
        for tenant, status in ((self.acme, 1), (self.other, 0)):
            organization = ["--organization", tenant.organization.slug]
            done = CliRunner().invoke(cli, [*words, *organization], input="ghp_new")
            assert done.exit_code == status, done.output
            assert (OFF in done.output) is (status == 1)

    def test_what_is_stored_can_still_be_read(self) -> None:
        request = scm_pb2.GetRepositoryRequest(repository_id=self.acme.repository.id)
        answer = self.rpc("GetRepository", request, token=self.acme.token)
        assert answer.response.name == self.acme.repository.name

    def test_one_organization_may_be_on_where_all_others_are_off(self) -> None:
        self.create_feature_rule(feature=FLAG, percentage=0)
        first = Tenant(self, "first")
        self.create_feature_rule(feature=FLAG, organization_id=first.organization.id)
        for tenant, reason in ((first, ""), (self.other, "PROVIDER_DISABLED")):
            request = scm_pb2.GetCapabilitiesRequest(repository_id=tenant.repository.id)
            answer = self.rpc("GetCapabilities", request, token=tenant.token)
            assert answer.reason == reason


@pytest.mark.django_db
def test_nothing_is_asked_of_the_database(django_assert_num_queries) -> None:
    from sentry import features

    with django_assert_num_queries(0):
        assert features.has(FLAG, 1) is True
