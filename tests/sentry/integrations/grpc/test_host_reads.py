"""Comparisons, trees, pull requests, searches of code and integrations, through the door."""

import pytest
from google.rpc import error_details_pb2

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.scene import FULL_NAME, PATH, host_over, make_scene


def field_of(answer):
    """The field that a refusal names."""
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    return answer.detail(error_details_pb2.BadRequest).field_violations[0].field


def test_a_comparison_is_what_git_says(scene):
    first, *_, last = reversed(scene.git.shas())
    request = scm_pb2.CompareCommitsRequest(repository_id=scene.repository.id, base=first)
    answer = scene.rpc("CompareCommits", request).response
    assert (answer.base_commit_id, answer.head_commit_id) == (first, last)
    assert [commit.key for commit in answer.commits] == scene.git(
        "rev-list", f"{first}..HEAD"
    ).split()
    told = {change.path: scm_pb2.ChangeKind.Name(change.kind) for change in answer.files}
    assert told == {PATH: "CHANGE_KIND_MODIFIED", "src/other.py": "CHANGE_KIND_ADDED"}
    assert not answer.commits_truncated
    assert not answer.files_truncated


def test_a_comparison_is_cut_where_asked(scene):
    request = scm_pb2.CompareCommitsRequest(
        repository_id=scene.repository.id, base="HEAD~2", head="main", max_commits=1
    )
    refused = scene.rpc("CompareCommits", request)
    assert field_of(refused) == "base"
    request.base = scene.git.shas()[-1]
    answer = scene.rpc("CompareCommits", request).response
    assert (len(answer.commits), answer.commits_truncated) == (1, True)
    request.max_commits = -1
    assert field_of(scene.rpc("CompareCommits", request)) == "max_commits"


def test_a_tree_is_what_git_says(scene):
    request = scm_pb2.ListTreeRequest(repository_id=scene.repository.id)
    answer = scene.rpc("ListTree", request).response
    assert answer.commit_id == scene.git.head()
    listed = [
        (entry.object_id, str(entry.size), entry.path, scm_pb2.EntryKind.Name(entry.kind))
        for entry in answer.entries
    ]
    truth = [
        (*fields.split()[2:], path, "ENTRY_KIND_FILE")
        for fields, _, path in (
            line.partition("\t") for line in scene.git("ls-tree", "-rl", "HEAD").splitlines()
        )
    ]
    assert listed == truth
    assert not answer.truncated


def test_a_part_of_a_tree(scene):
    request = scm_pb2.ListTreeRequest(repository_id=scene.repository.id, path="src/", max_entries=1)
    answer = scene.rpc("ListTree", request).response
    assert ([entry.path for entry in answer.entries], answer.truncated) == ([PATH], True)
    for path in (PATH, "nowhere"):
        request.path = path
        assert scene.rpc("ListTree", request).status is RpcStatus.NOT_FOUND
    for path in ("../etc", "a/../b", "a\0b"):
        request.path = path
        assert field_of(scene.rpc("ListTree", request)) == "path"


def test_pull_requests_of_a_commit(scene):
    head = scene.git.head()
    scene.git("branch", "-f", "topic", head)
    scene.emulator.add_pull_request(
        FULL_NAME, title="Add a file", head="topic", base=f"{head}~1", author="ada"
    )
    request = scm_pb2.ListPullRequestsForCommitRequest(
        repository_id=scene.repository.id, commit_sha=head[:10]
    )
    (found,) = scene.rpc("ListPullRequestsForCommit", request).response.pull_requests
    assert (found.title, found.head_branch, found.head_commit_id) == ("Add a file", "topic", head)
    assert found.state == scm_pb2.PULL_REQUEST_STATE_OPEN
    assert found.author.external_id == "github:ada"
    assert not found.merge_commit_id


def test_code_is_found_with_its_line(scene):
    request = scm_pb2.SearchCodeRequest(repository_id=scene.repository.id, query="zwei")
    answer = scene.rpc("SearchCode", request).response
    (match,) = answer.matches
    assert match.path == PATH
    assert "zwei = 'ü'" in [line.text for line in match.lines]
    assert not answer.next_page_token
    for query in ("", " ", "x" * 201):
        request.query = query
        assert field_of(scene.rpc("SearchCode", request)) == "query"


def test_a_search_is_asked_for_words_alone(scene):
    request = scm_pb2.SearchCodeRequest(
        repository_id=scene.repository.id, query="repo:other/place zwei"
    )
    assert len(scene.rpc("SearchCode", request).response.matches) == 0
    (asked,) = [entry for entry in scene.emulator.requests if entry.path == "/search/code"]
    assert "%22repo%3Aother%2Fplace%22%20%22zwei%22%20repo%3Aacme%2Fshop" in asked.query


def test_integrations_in_pages(scene):
    others = [
        Factories.create_integration(organization=scene.organization, name=name)
        for name in ("zebra", "aardvark")
    ]
    Factories.create_integration(organization=Factories.create_organization(), name="foreign")
    request = scm_pb2.ListIntegrationsRequest(page_size=2)
    first = scene.rpc("ListIntegrations", request).response
    request.page_token = first.next_page_token
    second = scene.rpc("ListIntegrations", request).response
    listed = [*first.integrations, *second.integrations]
    assert {each.id for each in listed} == {scene.integration.pk, *(each.pk for each in others)}
    assert [each.name for each in listed] == sorted(each.name for each in listed)
    assert {each.state for each in listed} == {scm_pb2.INTEGRATION_STATE_ACTIVE}
    assert not second.next_page_token
    gitlab = scm_pb2.ListIntegrationsRequest(provider=scm_pb2.PROVIDER_GITLAB)
    assert not scene.rpc("ListIntegrations", gitlab).response.integrations
    assert scene.rpc("ListIntegrations", request, token="no").status is RpcStatus.UNAUTHENTICATED


def test_nothing_of_this_asks_a_host_for_another_organization(scene, host, shop_git):
    other = make_scene(host, shop_git)
    host.clear_requests()
    request = scm_pb2.ListTreeRequest(repository_id=other.repository.id)
    assert scene.rpc("ListTree", request).status is RpcStatus.NOT_FOUND
    assert host.requests == []


@pytest.mark.parametrize("limit", [3])
def test_a_tree_that_the_host_cuts_is_walked_down(db, settings, shop_git, limit):
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    emulator = host_over(shop_git)
    emulator.world.tree_limit = limit
    with emulator:
        scene = make_scene(emulator, shop_git)
        request = scm_pb2.ListTreeRequest(repository_id=scene.repository.id, path="src")
        answer = scene.rpc("ListTree", request).response
    assert [entry.path for entry in answer.entries] == [PATH, "src/other.py"]
