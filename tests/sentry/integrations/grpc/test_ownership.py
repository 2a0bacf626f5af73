"""Every RPC with every other organization's ids, by every kind of credential: NOT_FOUND."""

from typing import Any

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.grpc.policy import POLICIES, SERVICE
from sentry.models import Commit, ExternalIssue, GroupLink, IdempotencyRecord
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus
from tests.sentry import signing
from tests.sentry.integrations.scene import FULL_NAME, PATH, SCOPES, make_scene

METHODS = sorted(policy.name for policy in POLICIES.values())
KINDS = ["api_key", "org_token", "user_token", "service"]
NOWHERE = 2**52


@pytest.fixture
def foreign(db, scene, host, shop_git):
    """Another organization with everything that the first one has."""
    other = make_scene(host, shop_git)
    issue = Factories.create_external_issue(
        organization=other.organization, integration_id=other.integration.pk, group=other.group
    )
    Factories.create_commit(other.repository, key=shop_git.head())
    assert issue.organization_id == other.organization.id
    return other


@pytest.fixture
def ids(scene, foreign):
    """Of each kind of id: ours, the other organization's, and one of nobody."""
    ours = Factories.create_external_issue(
        organization=scene.organization, integration_id=scene.integration.pk, key="acme/shop#9"
    )
    found = {
        "organization_id": (scene.organization.id, foreign.organization.id),
        "repository_id": (scene.repository.id, foreign.repository.id),
        "integration_id": (scene.integration.pk, foreign.integration.pk),
        "project_id": (scene.project.id, foreign.project.id),
        "group_id": (scene.group.id, foreign.group.id),
        "external_issue_id": (
            ours.id,
            ExternalIssue.objects.get(organization=foreign.organization).pk,
        ),
        "sync_job_id": tuple(
            Factories.create_sync_job(each.organization, integration_id=each.integration.pk).id
            for each in (scene, foreign)
        ),
    }
    return {name: (*pair, NOWHERE) for name, pair in found.items()}


@pytest.fixture
def credential(request, scene, settings):
    """A function that gives the headers for a call by one kind of credential."""
    kind = request.param
    if kind == "api_key":
        return lambda *_: {"x-api-key": scene.token}
    if kind == "org_token":
        _, token = Factories.create_org_auth_token(scene.organization, SCOPES)
        return lambda *_: {"authorization": f"Bearer {token}"}
    if kind == "user_token":
        user = Factories.create_user()
        from sentry.auth.roles import Role

        Factories.create_member(organization=scene.organization, user=user, role=Role.OWNER)
        _, token = Factories.create_user_auth_token(user)
        return lambda *_: {"authorization": f"Bearer {token}"}
    settings.SCM_SHARED_SECRETS = signing.shared_secrets()

    def sign(method, body):
        request = signing.request_to(method, body, scene.organization.id)
        return signing.headers_of(signing.signed(request))

    return sign


def id_fields(method):
    """The names of the fields that hold ids."""
    kind = SERVICE.methods_by_name[method].input_type
    if method == "BatchGetCommitContext":
        kind = scm_pb2.GetCommitContextRequest.DESCRIPTOR
    return [field.name for field in kind.fields if field.name.endswith("_id")]


def request_of(method, ids, git, **replaced):
    """A request that works, but for the ids that are replaced."""
    if method == "BatchGetCommitContext":
        one = request_of("GetCommitContext", ids, git, **replaced)
        return scm_pb2.BatchGetCommitContextRequest(requests=[one])
    kind = getattr(scm_pb2, f"{method}Request")
    names = id_fields(method)
    if method == "GetCapabilities":
        names = list(replaced) or names[:1]
    values = {name: ids[name][0] for name in names} | replaced
    other = {
        "commit_sha": git.head(),
        "filepath": PATH,
        "path": PATH if method == "GetFile" else "",
        "base": "main",
        "head": "main",
        "query": "" if method == "ListRepositories" else "zwei",
        "line_number": 1,
        "stacktrace_paths": ["a.py"],
        "title": "It breaks",
        "metadata": {"repo": FULL_NAME},
        "stack_root": "/app",
        "source_root": "src",
        "default_branch": "main",
    }
    fields = {field.name for field in kind.DESCRIPTOR.fields}
    return kind(**values, **{name: value for name, value in other.items() if name in fields})


CASES = [(method, field) for method in METHODS for field in id_fields(method)]


def send(method, message, credential):
    body = rpc.frame(message.SerializeToString())
    return rpc.call(Client(), method, body, headers=credential(method, body))


def outcome(method, answer):
    """The failure as a caller sees it, byte for byte."""
    if method == "BatchGetCommitContext":
        (result,) = answer.response.results
        assert result.status.code == RpcStatus.NOT_FOUND
        return answer.http.content
    assert answer.status is RpcStatus.NOT_FOUND, answer.message
    assert answer.reason == "RESOURCE_NOT_FOUND"
    assert answer.responses == ()
    return answer.http.content


def rows():
    kinds = (RepositoryProjectPathConfig, GroupLink, ExternalIssue, Commit, IdempotencyRecord)
    return [kind.objects.count() for kind in kinds]


@pytest.mark.parametrize("credential", KINDS, indirect=True)
def test_another_organizations_ids_are_not_found(scene, foreign, ids, credential):
    """And nothing tells one that is somewhere else from one that is nowhere."""
    before = rows()
    for method, field in CASES:
        _, theirs, nobodys = ids[field]
        answers = [
            outcome(
                method,
                send(method, request_of(method, ids, scene.git, **{field: number}), credential),
            )
            for number in (theirs, nobodys)
        ]
        assert answers[0] == answers[1], (method, field)
        for secret in (foreign.organization.slug, foreign.project.slug):
            assert secret.encode() not in answers[0]
    assert rows() == before
    assert scene.emulator.requests == []


@pytest.mark.parametrize("credential", KINDS, indirect=True)
def test_the_same_requests_work_with_ids_of_ones_own(scene, ids, credential):
    for method in METHODS:
        answer = send(method, request_of(method, ids, scene.git), credential)
        expected = RpcStatus.UNIMPLEMENTED if method == "DeriveCodeMappings" else RpcStatus.OK
        assert answer.status is expected, (method, answer.message)


def test_the_walk_meets_every_rpc_but_none_without_an_id():
    assert {method for method, _ in CASES} == set(METHODS)


def test_a_key_of_the_other_organization_sees_the_other_side(scene, foreign, ids):
    """The rows that were not found are there for their owner."""
    own = scm_pb2.GetRepositoryRequest(repository_id=foreign.repository.id)
    assert foreign.rpc("GetRepository", own).response.id == foreign.repository.id
    assert scene.rpc("GetRepository", own).status is RpcStatus.NOT_FOUND


def test_a_project_out_of_the_teams_reach_is_not_found(scene, ids):
    """An admin reaches the projects of its own teams only."""
    from sentry.auth.roles import Role

    admin = Factories.create_user()
    Factories.create_member(organization=scene.organization, user=admin, role=Role.ADMIN)
    _, token = Factories.create_user_auth_token(admin)

    def ask(method):
        return send(
            method,
            request_of(method, ids, scene.git),
            lambda *_: {"authorization": f"Bearer {token}"},
        )

    assert ask("CreateCodeMapping").status is RpcStatus.NOT_FOUND
    linked = ask("LinkExternalIssue")
    assert (linked.status, linked.message) == (RpcStatus.NOT_FOUND, "group not found")

    team = Factories.create_team(scene.organization)
    Factories.create_project_team(project=scene.project, team=team)
    from sentry.models import OrganizationMember

    member = OrganizationMember.objects.get(user_id=admin.pk)
    Factories.create_team_membership(team=team, member=member)
    assert ask("CreateCodeMapping").status is RpcStatus.OK
    assert ask("LinkExternalIssue").status is RpcStatus.OK


# What can never work, for each RPC, whatever its ids are.
WRONG: dict[str, dict[str, Any]] = {
    "ListRepositories": {"page_size": -1},
    "GetCommit": {"commit_sha": "main"},
    "GetCommitContext": {"filepath": "../etc"},
    "CreateCodeMapping": {"stack_root": "white space"},
    "DeriveCodeMappings": {"stacktrace_paths": []},
    "CreateExternalIssue": {"title": " "},
    "ListCommits": {"ref": "-x"},
    "GetFile": {"path": "a/../b"},
    "StreamFileBlame": {"commit_sha": "xyz"},
}


@pytest.mark.parametrize("method", WRONG)
def test_what_can_never_work_is_told_before_ownership_is_asked_for(scene, foreign, ids, method):
    for field in id_fields(method):
        message = request_of(method, ids, scene.git, **{field: ids[field][1]})
        for name, value in WRONG[method].items():
            message.ClearField(name)
            if isinstance(value, list):
                getattr(message, name).extend(value)
            else:
                setattr(message, name, value)
        answer = scene.rpc(method, message)
        assert answer.status is RpcStatus.INVALID_ARGUMENT, (method, field, answer.message)


@pytest.mark.parametrize("method", METHODS)
def test_ids_that_can_never_be_one(scene, ids, method):
    for field in id_fields(method):
        for number in (-1, -(2**63), 0):
            if number == 0 and field == "organization_id":
                continue
            answer = scene.rpc(method, request_of(method, ids, scene.git, **{field: number}))
            if method == "BatchGetCommitContext":
                (result,) = answer.response.results
                assert result.status.code == RpcStatus.INVALID_ARGUMENT
                continue
            assert answer.status is RpcStatus.INVALID_ARGUMENT, (method, field, number)
            assert answer.message.startswith(f"{field}: ")
