"""The policy of every RPC, read from the descriptor."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from sentry.auth.scopes import ALL_SCOPES
from sentry.integrations.grpc.generated import options_pb2, scm_pb2

SERVICE = scm_pb2.DESCRIPTOR.services_by_name["ScmService"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RpcPolicy:
    """What one RPC asks of its caller.

    Attributes:
        name: the method's name.
        path: where it is served, without the ``/grpc`` prefix.
        scope: what the caller must hold.
        is_read: whether it changes nothing of the caller's (and needs no idempotency key).
        streams: whether it answers with a stream.
    """

    name: str
    path: str
    scope: str
    is_read: bool
    streams: bool


class MissingPolicyError(Exception):
    """An RPC has no policy, or one with an unknown scope: the server must not start."""


def policy_of(method: MethodDescriptor) -> RpcPolicy:
    """The policy that the method's declaration carries.

    Raises:
        MissingPolicyError: it carries none.
    """
    options = method.GetOptions()
    scope = options.Extensions[options_pb2.policy].scope
    if scope not in ALL_SCOPES:
        raise MissingPolicyError(f"{method.full_name} has no policy with a known scope")
    return RpcPolicy(
        name=method.name,
        path=f"/{method.containing_service.full_name}/{method.name}",
        scope=scope,
        is_read=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        streams=method.server_streaming,
    )


POLICIES: Mapping[str, RpcPolicy] = {
    policy.path: policy for policy in map(policy_of, SERVICE.methods)
}
