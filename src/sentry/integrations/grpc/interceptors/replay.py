"""The outcome of a mutation as it is kept: the answer, or a permanent failure."""

import base64
import json
from typing import Never

from google.protobuf import symbol_database
from google.protobuf.message import Message
from google.rpc import status_pb2

from sentry.integrations.grpc.errors import ReplayedError, RpcStatus, code_from_number


def kept_answer(answer: Message) -> str:
    """An answer as the text that is kept."""
    return json.dumps({"answer": base64.b64encode(answer.SerializeToString()).decode("ascii")})


def kept_failure(status: RpcStatus) -> str:
    """A failure as the text that is kept."""
    raw = status.to_proto().SerializeToString()
    return json.dumps({"failure": base64.b64encode(raw).decode("ascii")})


def replay[A: Message](kept: str, answer_type: type[A]) -> A:
    """The kept answer again.

    Raises:
        ReplayedError: a failure was kept.
    """
    outcome: dict[str, str] = json.loads(kept)
    if "answer" in outcome:
        return answer_type.FromString(base64.b64decode(outcome["answer"]))
    return _raise(status_pb2.Status.FromString(base64.b64decode(outcome["failure"])))


def _raise(kept: status_pb2.Status) -> Never:
    details = []
    for packed in kept.details:
        detail = symbol_database.Default().GetSymbol(packed.TypeName())()
        packed.Unpack(detail)
        details.append(detail)
    raise ReplayedError(
        RpcStatus(code=code_from_number(kept.code), message=kept.message, details=tuple(details))
    )
