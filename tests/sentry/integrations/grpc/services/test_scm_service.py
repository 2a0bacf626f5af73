"""Every RPC of the SCM service through the door, with real rows and, where a host is asked, git."""

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import Commit, GroupLink
from sentry.models.integrations.external_issue import ExternalIssue
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.testutils.cases import TestCase
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN, PATH, SCOPES, WEB_URL, make_scene


class ScmServiceCase(TestCase):
    @pytest.fixture(autouse=True)
    def _take_host(self, host, shop_git):
        self.host, self.git = host, shop_git

    def setUp(self):
        super().setUp()
        self.scene = make_scene(self.host, self.git)
        self.organization = self.scene.organization

    def ask(self, method, request):
        return self.scene.rpc(method, request).response


class TestStored(ScmServiceCase):
    """What the database alone answers."""

    def test_list_repositories(self):
        self.create_repo(name="a", provider="gitlab", organization_id=self.organization.id)

        repositories = self.ask(
            "ListRepositories",
            scm_pb2.ListRepositoriesRequest(organization_id=self.organization.id),
        ).repositories

        assert [(repo.name, repo.provider) for repo in repositories] == [
            ("a", scm_pb2.PROVIDER_GITLAB),
            (FULL_NAME, scm_pb2.PROVIDER_GITHUB),
        ]

    def test_list_repositories_with_provider_filter(self):
        self.create_repo(name="a", provider="gitlab", organization_id=self.organization.id)

        repositories = self.ask(
            "ListRepositories",
            scm_pb2.ListRepositoriesRequest(provider=scm_pb2.PROVIDER_GITHUB),
        ).repositories

        assert [repo.name for repo in repositories] == [FULL_NAME]

    def test_get_repository(self):
        row = self.scene.repository

        got = self.ask("GetRepository", scm_pb2.GetRepositoryRequest(repository_id=row.id))

        assert (got.id, got.organization_id, got.name) == (row.id, self.organization.id, FULL_NAME)
        assert got.url == f"{WEB_URL}/{FULL_NAME}"
        assert got.provider == scm_pb2.PROVIDER_GITHUB
        assert got.status == scm_pb2.REPOSITORY_STATUS_ACTIVE
        assert got.external_id == row.external_id
        assert got.date_added.ToDatetime(row.date_added.tzinfo) == row.date_added
        assert dict(got.config) == {"default_branch": "main", "identifier": FULL_NAME}
        assert HOST_TOKEN.encode() not in got.SerializeToString()

    def test_get_repository_not_found(self):
        answer = self.scene.rpc("GetRepository", scm_pb2.GetRepositoryRequest(repository_id=99999))

        assert answer.status is RpcStatus.NOT_FOUND
        assert answer.reason == "RESOURCE_NOT_FOUND"

    def test_get_commit(self):
        author = self.create_commit_author(
            organization_id=self.organization.id, name="Test Author", email="test@example.com"
        )
        key = "abc123def456" + 28 * "0"
        self.create_commit(
            self.scene.repository, key=key, message="Fix important bug", author=author
        )
        for sha in (key, "ABC123def456"):
            got = self.ask(
                "GetCommit",
                scm_pb2.GetCommitRequest(repository_id=self.scene.repository.id, commit_sha=sha),
            )
            assert (got.key, got.message) == (key, "Fix important bug")
            assert (got.author.name, got.author.email) == ("Test Author", "test@example.com")
            assert got.web_url == f"{WEB_URL}/{FULL_NAME}/commit/{key}"
        assert self.host.requests == []

    def test_create_code_mapping(self):
        got = self.ask(
            "CreateCodeMapping",
            scm_pb2.CreateCodeMappingRequest(
                organization_id=self.organization.id,
                project_id=self.scene.project.id,
                repository_id=self.scene.repository.id,
                stack_root="/app",
                source_root="/src",
                default_branch="main",
            ),
        )

        stored = RepositoryProjectPathConfig.objects.get(id=got.id)
        assert (got.stack_root, got.source_root, got.default_branch) == ("/app", "/src", "main")
        assert (stored.stack_root, stored.source_root) == ("/app", "/src")
        assert (got.project_id, got.repository_id) == (stored.project_id, stored.repository_id)
        assert got.organization_id == self.organization.id
        assert self.host.requests == []

    def test_derive_code_mappings_checks_and_is_not_there_yet(self):
        request = scm_pb2.DeriveCodeMappingsRequest(
            project_id=self.scene.project.id, stacktrace_paths=["src/app.py"]
        )

        answer = self.scene.rpc("DeriveCodeMappings", request)

        assert answer.status is RpcStatus.UNIMPLEMENTED
        assert answer.reason == "CAPABILITY_MISSING"

    def test_link_external_issue(self):
        issue = self.create_external_issue(
            organization=self.organization,
            integration_id=self.scene.integration.pk,
            key=f"{FULL_NAME}#7",
        )
        request = scm_pb2.LinkExternalIssueRequest(
            group_id=self.scene.group.id, external_issue_id=issue.id
        )

        got = [self.ask("LinkExternalIssue", request) for _ in range(2)]

        assert got[0] == got[1]
        assert got[0].web_url == f"{WEB_URL}/{FULL_NAME}/issues/7"
        assert GroupLink.objects.filter(group=self.scene.group, linked_id=issue.id).count() == 1
        assert self.host.requests == []

    def test_get_capabilities(self):
        targets = {
            "repository_id": self.scene.repository.id,
            "integration_id": self.scene.integration.pk,
        }
        for name, number in targets.items():
            got = self.ask("GetCapabilities", scm_pb2.GetCapabilitiesRequest(**{name: number}))
            assert got.provider == scm_pb2.PROVIDER_GITHUB
            named = {support.capability for support in got.capabilities if support.supported}
            assert scm_pb2.CAPABILITY_BLAME in named

    def test_get_capabilities_needs_a_target(self):
        answer = self.scene.rpc("GetCapabilities", scm_pb2.GetCapabilitiesRequest())

        assert answer.status is RpcStatus.INVALID_ARGUMENT


class TestAsked(ScmServiceCase):
    """What a host is asked for."""

    def test_get_commit_is_asked_for_once_and_then_stored(self):
        sha = self.git.head()
        request = scm_pb2.GetCommitRequest(
            repository_id=self.scene.repository.id, commit_sha=sha[:10]
        )

        first = self.ask("GetCommit", request)
        asked = len(self.host.requests)
        second = self.ask("GetCommit", request)

        assert first.key == sha
        assert first.message.strip() == self.git("log", "-1", "--format=%B").strip()
        assert first.author.name == self.git("log", "-1", "--format=%an").strip()
        assert first.date_added.seconds == int(self.git("log", "-1", "--format=%ct"))
        assert Commit.objects.filter(id=int(first.id), key=sha).exists()
        assert (first.id, first.key, first.message) == (second.id, second.key, second.message)
        assert (first.author, first.date_added) == (second.author, second.date_added)
        assert asked > 0
        assert len(self.host.requests) == asked

    def test_get_commit_context(self):
        commit, author, text = self.git.blame()[1]

        got = self.ask("GetCommitContext", self.question(2))

        assert (got.blame_commit_id, got.blame_author.name) == (commit, author)
        assert got.code_snippet == text
        assert (got.commit_id, got.filename, got.line_number) == (self.git.head(), PATH, 2)

    def test_batch_get_commit_context(self):
        wrong = self.question(0)
        request = scm_pb2.BatchGetCommitContextRequest(
            requests=[self.question(3), wrong, self.question(1)]
        )

        results = self.ask("BatchGetCommitContext", request).results

        blame = self.git.blame()
        assert [result.WhichOneof("result") for result in results] == [
            "context",
            "status",
            "context",
        ]
        assert results[0].context.blame_commit_id == blame[2][0]
        assert results[2].context.code_snippet == blame[0][2]
        assert results[1].status.code == RpcStatus.INVALID_ARGUMENT
        assert results[1].status.message == "line_number: expected a line number, counted from 1"

    def test_stream_file_blame(self):
        request = scm_pb2.StreamFileBlameRequest(
            repository_id=self.scene.repository.id, commit_sha=self.git.head(), filepath=PATH
        )

        answer = self.scene.rpc("StreamFileBlame", request)

        assert answer.status is RpcStatus.OK
        lines = [
            (message.commit_id, message.author.name, line)
            for message in answer.responses
            for line in message.lines
        ]
        assert lines == self.git.blame()

    def test_list_commits(self):
        shas = []
        token = ""
        for _ in self.git.shas():
            page = self.ask(
                "ListCommits",
                scm_pb2.ListCommitsRequest(
                    repository_id=self.scene.repository.id, page_size=1, page_token=token
                ),
            )
            shas += [commit.key for commit in page.commits]
            token = page.next_page_token

        assert shas == self.git.shas()
        assert token == ""

    def test_get_file(self):
        request = scm_pb2.GetFileRequest(
            repository_id=self.scene.repository.id, path=PATH, max_bytes=4
        )

        got = self.ask("GetFile", request)

        whole = (self.git.path / PATH).read_bytes()
        assert (got.content, got.size, got.truncated) == (whole[:4], len(whole), True)
        assert (got.commit_id, got.path) == (self.git.head(), PATH)

    def test_create_external_issue(self):
        got = self.ask(
            "CreateExternalIssue",
            scm_pb2.CreateExternalIssueRequest(
                integration_id=self.scene.integration.pk,
                title="It breaks",
                description="Here.",
                metadata={"repo": FULL_NAME},
            ),
        )

        (issue,) = self.host.issues(FULL_NAME)
        assert issue.title == "It breaks"
        assert got.key == f"{FULL_NAME}#{issue.number}"
        assert got.organization_id == self.organization.id
        assert ExternalIssue.objects.get(id=got.id).key == got.key

    def question(self, line):
        return scm_pb2.GetCommitContextRequest(
            repository_id=self.scene.repository.id,
            commit_sha=self.git.head(),
            filepath=PATH,
            line_number=line,
        )


def test_the_scene_holds_what_every_rpc_needs():
    from sentry.integrations.grpc.policy import POLICIES

    assert {policy.scope for policy in POLICIES.values()} <= set(SCOPES)
