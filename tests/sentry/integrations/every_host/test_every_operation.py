"""Every operation of the service on every host, through gRPC-Web, held against git itself."""

from collections.abc import Iterator

import pytest
from google.rpc import error_details_pb2

from sentry.integrations.base import IntegrationProvider
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.types import Capability
from sentry.models import Repository
from sentry.testutils.rpc import RpcStatus
from sentry.testutils.tasks import run_due_tasks

from .conftest import Place

KINDS = {"A": scm_pb2.CHANGE_KIND_ADDED, "M": scm_pb2.CHANGE_KIND_MODIFIED}
KINDS |= {"D": scm_pb2.CHANGE_KIND_REMOVED, "R": scm_pb2.CHANGE_KIND_RENAMED}


def provider_of(place: Place) -> type[IntegrationProvider]:
    return integrations.get(place.kind.key.value)


def has(place: Place, capability: Capability) -> bool:
    return capability in provider_of(place).capabilities()


def assert_unimplemented(place: Place, answer, capability: Capability) -> None:
    """The call is refused, and the reason that is told is the provider's own."""
    assert answer.status is RpcStatus.UNIMPLEMENTED
    assert answer.reason == "CAPABILITY_MISSING"
    reason = provider_of(place).unsupported[capability]
    assert reason
    assert answer.message.endswith(reason)


def text_files(place: Place) -> list[str]:
    """Some text files with odd names and ends, and the one that was renamed."""
    paths = place.git("ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0")
    moved = [path for path in paths if path.startswith("src/")]
    odd = [path for path in paths if path.startswith(("docs/", "README", "crlf", "pkg/m0050"))]
    return [*moved, *odd] or paths[:5]


def test_synchronizing_repositories(place):
    Repository.objects.all().delete()
    request = scm_pb2.SyncRepositoriesRequest(integration_id=place.integration.pk)
    started = place.rpc("SyncRepositories", request).response
    run_due_tasks()
    asked = scm_pb2.GetSyncJobRequest(sync_job_id=started.id)
    job = place.rpc("GetSyncJob", asked).response
    assert job.state == scm_pb2.SYNC_JOB_STATE_SUCCEEDED, job.error.message
    listed = place.rpc("ListRepositories", scm_pb2.ListRepositoriesRequest()).response
    (repository,) = listed.repositories
    assert repository.name == place.kind.name
    told = "main" if place.kind.lists_branch else ""
    assert repository.config.get("default_branch", "") == told
    assert repository.external_id == place.repository.external_id
    one = scm_pb2.GetRepositoryRequest(repository_id=repository.id)
    assert place.rpc("GetRepository", one).response == repository

    mapping = scm_pb2.CreateCodeMappingRequest(
        project_id=place.project.id, repository_id=repository.id
    )
    assert place.rpc("CreateCodeMapping", mapping).response.default_branch == "main"
    assert place.rpc("GetRepository", one).response == repository


def test_a_commit_whole_and_abbreviated(place):
    for name in ("HEAD", "HEAD~150", "HEAD~1900"):
        fields = place.git("log", "-1", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", name)
        sha, author, email, seconds, message = fields.split("\0", 4)
        for asked in (sha[:12], sha):
            request = scm_pb2.GetCommitRequest(repository_id=place.repository.id, commit_sha=asked)
            got = place.rpc("GetCommit", request).response
            assert (got.key, got.author.name, got.author.email) == (sha, author, email)
            assert got.date_added.seconds == int(seconds)
            assert got.message == message.rstrip("\n")


def test_refs_by_their_whole_names(place):
    """What git calls a ref is the same on every host."""
    head = place.git("rev-parse", "main").strip()
    place.git("tag", "-f", "v9.9", "main~3")
    tagged = place.git("rev-parse", "v9.9").strip()
    refs = {"HEAD": head, "@": head, "refs/heads/main": head, "main": head}
    tags = {"refs/tags/v9.9": tagged, "v9.9": tagged}
    ids = {head: head, head.upper(): head, tagged[:7]: tagged, tagged[:39].upper(): tagged}
    for ref, sha in {**refs, **tags, **ids, "": head}.items():
        request = scm_pb2.ListCommitsRequest(
            repository_id=place.repository.id, ref=ref, page_size=1
        )
        answer = place.rpc("ListCommits", request)
        assert answer.status is RpcStatus.OK, ref
        assert answer.response.commits[0].key == sha, ref
    for ref in ("refs/heads/v9.9", "refs/tags/main", "refs/heads/HEAD"):
        listing = scm_pb2.ListTreeRequest(repository_id=place.repository.id, ref=ref)
        assert place.rpc("ListTree", listing).status is RpcStatus.NOT_FOUND, ref


def test_a_commit_that_is_none(place):
    unknown = RpcStatus.NOT_FOUND if place.kind.shortens else RpcStatus.INVALID_ARGUMENT
    for asked, status in (("0" * 40, RpcStatus.NOT_FOUND), ("f" * 12, unknown)):
        request = scm_pb2.GetCommitRequest(repository_id=place.repository.id, commit_sha=asked)
        assert place.rpc("GetCommit", request).status is status


@pytest.mark.parametrize("path", ["", "src", "crlf.txt"])
def test_a_history_page_after_page(place, path):
    truth = place.git("rev-list", "HEAD", "--", *([path] if path else [])).split()
    request = scm_pb2.ListCommitsRequest(
        repository_id=place.repository.id, path=path, page_size=100
    )
    got: list[str] = []
    while True:
        page = place.rpc("ListCommits", request).response
        got += [commit.key for commit in page.commits]
        if not page.next_page_token or len(got) >= 500:
            break
        request.page_token = page.next_page_token
    assert got == truth[: len(got)]
    assert len(got) == min(len(truth), 500)


def test_a_comparison(place):
    base, head = (place.git("rev-parse", name).strip() for name in ("HEAD~60", "HEAD~10"))
    request = scm_pb2.CompareCommitsRequest(
        repository_id=place.repository.id, base=base, head=head, max_commits=1000
    )
    got = place.rpc("CompareCommits", request).response
    truth = place.git("rev-list", f"{base}..{head}").split()
    assert sorted(commit.key for commit in got.commits) == sorted(truth)
    assert got.commits[0].key == head
    assert (got.base_commit_id, got.head_commit_id) == (base, head)
    changes = place.git("diff", "--name-status", "-M", "-z", f"{base}...{head}").split("\0")[:-1]
    files = dict(zip(changes[1::2], changes[::2], strict=True))
    assert {each.path: each.kind for each in got.files} == {
        path: KINDS[letter] for path, letter in files.items()
    }
    assert not got.commits_truncated


@pytest.mark.parametrize(("back", "most"), [(13, 3), (350, 120), (640, 530)])
def test_of_a_comparison_that_is_cut_the_newest_are_kept(place, back, most):
    base, head = (place.git("rev-parse", name).strip() for name in (f"HEAD~{back}", "HEAD"))
    request = scm_pb2.CompareCommitsRequest(
        repository_id=place.repository.id, base=base, head=head, max_commits=most
    )
    got = place.rpc("CompareCommits", request).response
    truth = place.git("rev-list", f"{base}..{head}").split()
    assert [commit.key for commit in got.commits] == truth[:most]
    assert got.commits_truncated
    assert got.files


@pytest.fixture
def orphan(place) -> Iterator[str]:
    """A commit without a parent, on a branch of that name."""
    tree = place.git("rev-parse", "HEAD^{tree}").strip()
    people = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    sha = place.git(*people, "commit-tree", "-m", "Begin anew", tree).strip()
    place.git("update-ref", "refs/heads/orphan", sha)
    yield sha
    place.git("update-ref", "-d", "refs/heads/orphan")


def test_a_comparison_without_a_common_ancestor(place, orphan):
    head = place.git("rev-parse", "HEAD").strip()
    absent = "f" * 40
    told = {
        ("main", "orphan"): "common ancestor not found",
        (orphan, head): "common ancestor not found",
        (head, absent): "commit not found",
        (absent, head): "commit not found",
        ("main", "no-such"): "ref not found",
    }
    for (base, other), message in told.items():
        request = scm_pb2.CompareCommitsRequest(
            repository_id=place.repository.id, base=base, head=other
        )
        answer = place.rpc("CompareCommits", request)
        assert (answer.status, answer.message) == (RpcStatus.NOT_FOUND, message), (base, other)


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_comparison_with_what_abbreviates_nothing(place, side):
    request = scm_pb2.CompareCommitsRequest(repository_id=place.repository.id)
    setattr(request, side, "f" * 12)
    answer = place.rpc("CompareCommits", request)
    if place.kind.shortens:
        assert answer.status is RpcStatus.NOT_FOUND
    else:
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        (violation,) = answer.detail(error_details_pb2.BadRequest).field_violations
        assert violation.field == side


def test_a_tree(place):
    request = scm_pb2.ListTreeRequest(repository_id=place.repository.id, max_entries=50_000)
    got = place.rpc("ListTree", request).response
    truth = place.git("ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0")[:-1]
    assert sorted(entry.path for entry in got.entries) == sorted(truth)
    assert got.commit_id == place.git("rev-parse", "HEAD").strip()
    request.path, request.ref = "docs", "main"
    got = place.rpc("ListTree", request).response
    assert {entry.path for entry in got.entries} == {p for p in truth if p.startswith("docs/")}


def test_files(place):
    paths = [*text_files(place), "logo.png", "empty.txt"]
    for path in paths:
        request = scm_pb2.GetFileRequest(repository_id=place.repository.id, path=path)
        got = place.rpc("GetFile", request).response
        truth = place.git.raw("cat-file", "blob", f"HEAD:{path}")
        assert (got.content, got.size, got.truncated) == (truth, len(truth), False), path
        request.max_bytes, request.ref = 3, "main"
        got = place.rpc("GetFile", request).response
        assert got.content == truth[:3]
        assert got.truncated == (len(truth) > 3)


@pytest.mark.parametrize(
    "path",
    [
        "../README.md",
        "docs/../README.md",
        "./README.md",
        "README.md?ref=x",
        "README.md#L1",
        "docs/%2e%2e/README.md",
        "README.md\0",
        "README.md\n",
        "docs\\README.md",
        "docs",
        "nowhere/\U0001f680.md",
    ],
)
def test_a_path_that_names_no_file_reaches_nothing_else(place, path):
    request = scm_pb2.GetFileRequest(repository_id=place.repository.id, path=path)
    answer = place.rpc("GetFile", request)
    assert answer.status in {RpcStatus.NOT_FOUND, RpcStatus.INVALID_ARGUMENT}
    line = scm_pb2.GetCommitContextRequest(
        repository_id=place.repository.id,
        commit_sha=place.git("rev-parse", "HEAD").strip(),
        filepath=path,
        line_number=1,
    )
    answer = place.rpc("GetCommitContext", line)
    assert answer.status in {RpcStatus.NOT_FOUND, RpcStatus.INVALID_ARGUMENT}


def shown(raw: bytes) -> str:
    return raw.removesuffix(b"\r").decode("utf-8", "replace")


def test_blame_of_lines_one_by_one_and_together(place):
    head = place.git("rev-parse", "HEAD").strip()
    asked, truth = [], []
    for path in text_files(place):
        rows = place.git.blame(path)
        for row in rows[:: max(1, len(rows) // 3)]:
            asked.append(
                scm_pb2.GetCommitContextRequest(
                    repository_id=place.repository.id,
                    commit_sha=head,
                    filepath=path,
                    line_number=row.number,
                )
            )
            truth.append((row.sha, shown(row.raw)))
    request = scm_pb2.BatchGetCommitContextRequest(requests=asked)
    results = place.rpc("BatchGetCommitContext", request).response.results
    got = [(each.context.blame_commit_id, each.context.code_snippet) for each in results]
    assert got == truth
    one = place.rpc("GetCommitContext", asked[0]).response
    assert (one.blame_commit_id, one.code_snippet) == truth[0]
    native = has(place, Capability.BLAME) and has_method(place, "get_blame_for_files")
    wanted = scm_pb2.BLAME_SOURCE_NATIVE if native else scm_pb2.BLAME_SOURCE_MIRROR
    assert one.blame_source == wanted


def has_method(place: Place, name: str) -> bool:
    return getattr(provider_of(place).installation_class, name, None) is not None


def test_blame_of_a_whole_file(place):
    for path in text_files(place)[:3]:
        request = scm_pb2.StreamFileBlameRequest(
            repository_id=place.repository.id,
            commit_sha=place.git("rev-parse", "HEAD").strip(),
            filepath=path,
        )
        answer = place.rpc("StreamFileBlame", request)
        assert answer.status is RpcStatus.OK, answer.message
        got = [(each.commit_id, text) for each in answer.responses for text in each.lines]
        assert got == [(row.sha, shown(row.raw)) for row in place.git.blame(path)]


def test_pull_requests_of_a_commit(place):
    merge = place.git("rev-list", "--merges", "-1", "HEAD").strip()
    side = place.git("rev-parse", f"{merge}^2").strip()
    place.emulator.add_pull_request(
        place.kind.full_name, title="Räum auf", head="side", base="main", merge_commit=merge
    )
    tip = place.git("rev-parse", "side").strip()
    assert tip == side
    request = scm_pb2.ListPullRequestsForCommitRequest(
        repository_id=place.repository.id, commit_sha=side
    )
    found = place.rpc("ListPullRequestsForCommit", request).response.pull_requests
    assert {(each.title, each.state) for each in found} == {
        ("Räum auf", scm_pb2.PULL_REQUEST_STATE_MERGED)
    }
    assert {(each.head_branch, each.base_branch) for each in found} == {("side", "main")}


def test_pull_requests_of_none_and_of_what_is_no_commit(place):
    request = scm_pb2.ListPullRequestsForCommitRequest(repository_id=place.repository.id)
    request.commit_sha = place.git("rev-parse", "HEAD~1001").strip()
    answer = place.rpc("ListPullRequestsForCommit", request)
    assert (answer.status, len(answer.response.pull_requests)) == (RpcStatus.OK, 0)
    others = (place.git("rev-parse", name).strip() for name in ("HEAD^{tree}", "HEAD:README.md"))
    for request.commit_sha in (*others, "a" * 40):
        answer = place.rpc("ListPullRequestsForCommit", request)
        assert answer.status is RpcStatus.NOT_FOUND, request.commit_sha


def test_searching_code(place):
    request = scm_pb2.SearchCodeRequest(
        repository_id=place.repository.id, query="zwischenfall", page_size=10
    )
    answer = place.rpc("SearchCode", request)
    if not has(place, Capability.CODE_SEARCH):
        assert_unimplemented(place, answer, Capability.CODE_SEARCH)
        return
    (match,) = answer.response.matches
    assert match.path == "README.md"
    texts = [line.text for line in match.lines]
    assert not texts or any("zwischenfall" in text for text in texts)


def test_a_ticket_is_opened_and_linked(place):
    request = scm_pb2.CreateExternalIssueRequest(
        integration_id=place.integration.pk,
        title="Es bricht: größe",
        description="Seen **here**.",
        metadata={"repo": place.kind.issue_home or place.kind.name},
    )
    answer = place.rpc("CreateExternalIssue", request)
    if not has(place, Capability.ISSUES):
        assert_unimplemented(place, answer, Capability.ISSUES)
        return
    issue = answer.response
    assert (issue.title, bool(issue.web_url)) == ("Es bricht: größe", True)
    linked = scm_pb2.LinkExternalIssueRequest(group_id=place.group.id, external_issue_id=issue.id)
    assert place.rpc("LinkExternalIssue", linked).response.key == issue.key


def test_what_it_says_it_can_is_what_the_registry_says(place):
    for target in (
        scm_pb2.GetCapabilitiesRequest(repository_id=place.repository.id),
        scm_pb2.GetCapabilitiesRequest(integration_id=place.integration.pk),
    ):
        got = place.rpc("GetCapabilities", target).response.capabilities
        there = provider_of(place).capabilities()
        told = {scm_pb2.Capability.Name(each.capability): each for each in got}
        for capability in Capability:
            one = told[f"CAPABILITY_{capability.value.upper()}"]
            assert one.supported == (capability in there)
            assert bool(one.reason) != one.supported


def test_the_integration_is_listed_and_a_mapping_made(place):
    listed = place.rpc("ListIntegrations", scm_pb2.ListIntegrationsRequest()).response
    assert [each.id for each in listed.integrations] == [place.integration.pk]
    request = scm_pb2.CreateCodeMappingRequest(
        project_id=place.project.id,
        repository_id=place.repository.id,
        stack_root="/app/",
        source_root="src/",
    )
    assert place.rpc("CreateCodeMapping", request).response.default_branch == "main"
