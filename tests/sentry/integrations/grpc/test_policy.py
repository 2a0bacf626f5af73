"""The policy of every RPC: declared, known, the one that is published, and kept at start-up."""

import sys

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from sentry.auth import policy as one_table
from sentry.integrations.grpc.generated import options_pb2
from sentry.integrations.grpc.policy import POLICIES, MissingPolicyError, policy_of

READ, WRITE, TICKET = "repository:read", "repository:write", "event:write"

# architecture.md: reads need repository:read, mappings repository:write, tickets event:write.
PUBLISHED = {
    "ListRepositories": (READ, True),
    "GetRepository": (READ, True),
    "GetCommit": (READ, True),
    "GetCommitContext": (READ, True),
    "CreateCodeMapping": (WRITE, False),
    "DeriveCodeMappings": (WRITE, False),
    "CreateExternalIssue": (TICKET, False),
    "LinkExternalIssue": (TICKET, False),
    "GetCapabilities": (READ, True),
    "ListCommits": (READ, True),
    "GetFile": (READ, True),
    "StreamFileBlame": (READ, True),
    "BatchGetCommitContext": (READ, True),
    "CompareCommits": (READ, True),
    "ListTree": (READ, True),
    "ListPullRequestsForCommit": (READ, True),
    "SearchCode": (READ, True),
    "ListIntegrations": (READ, True),
    "SyncRepositories": (WRITE, False),
    "GetSyncJob": (READ, True),
}


def test_the_table():
    declared = {one.name: (one.scope, one.is_read) for one in POLICIES.values()}
    assert declared == PUBLISHED


def test_streams_and_paths():
    assert [one.name for one in POLICIES.values() if one.streams] == ["StreamFileBlame"]
    for path, one in POLICIES.items():
        assert path == one.path == f"/sentry.integrations.scm.v1.ScmService/{one.name}"


def test_both_doors_take_it_from_one_place():
    assert one_table.rpc_scopes() == {name: scope for name, (scope, _) in PUBLISHED.items()}
    for (endpoint, method), rpc in one_table.SAME_WORK.items():
        assert PUBLISHED[rpc][0] in one_table.scope_map(endpoint)[method]


def method_with(scope):
    """A method of a service of its own, with this scope; None: without a policy."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"tests/{scope}.proto", package="tests.policy", syntax="proto3"
    )
    file.message_type.add(name="Nothing")
    method = file.service.add(name="Service").method.add(
        name="Act", input_type=".tests.policy.Nothing", output_type=".tests.policy.Nothing"
    )
    if scope is not None:
        method.options.Extensions[options_pb2.policy].scope = scope
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    service = pool.FindServiceByName("tests.policy.Service")
    return service.methods[0]


@pytest.mark.parametrize("scope", [None, "", "repository:everything", "repository"])
def test_an_rpc_without_a_known_policy_stops_the_start(scope):
    with pytest.raises(MissingPolicyError, match=r"tests\.policy\.Service\.Act"):
        policy_of(method_with(scope))


def test_an_rpc_with_one_is_taken():
    policy = policy_of(method_with("event:write"))
    assert (policy.scope, policy.is_read, policy.streams) == ("event:write", False, False)


def test_a_server_does_not_start_over_a_proto_without_a_policy(monkeypatch):
    """The table is built when the door's module is loaded, as a server does at its start."""
    import importlib.util

    from sentry.integrations.grpc import policy
    from sentry.integrations.grpc.generated import scm_pb2

    class Service:
        methods = (method_with(None),)

    class Descriptor:
        services_by_name = {"ScmService": Service}

    monkeypatch.setattr(scm_pb2, "DESCRIPTOR", Descriptor)
    spec = importlib.util.spec_from_file_location("policy_again", policy.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "policy_again", again)
    with pytest.raises(Exception, match="has no policy") as caught:
        spec.loader.exec_module(again)
    assert type(caught.value).__name__ == "MissingPolicyError"
