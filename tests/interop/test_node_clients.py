"""Clients that others wrote, in Node: @connectrpc/connect-web and grpc-web."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2

from sentry.integrations.grpc.generated import scm_pb2
from tests import live
from tests.interop import facts

pytestmark = [pytest.mark.service("node"), pytest.mark.usefixtures("node_modules")]
HERE = Path(__file__).parent


def descriptors() -> bytes:
    """Our service and what it stands on, as a FileDescriptorSet, dependencies first."""
    ordered: dict[str, FileDescriptor] = {}

    def add(file: FileDescriptor) -> None:
        for dependency in file.dependencies:
            add(dependency)
        ordered.setdefault(file.name, file)

    add(scm_pb2.DESCRIPTOR)
    add(error_details_pb2.DESCRIPTOR)
    result = FileDescriptorSet()
    for file in ordered.values():
        file.CopyToProto(result.file.add())
    for proto in result.file:
        for message in proto.message_type:
            name_in_json(message)
    return result.SerializeToString()


def name_in_json(message: DescriptorProto) -> None:
    """Names the fields in JSON: protoc does so in its output, Python's descriptors leave it out."""
    for field in message.field:
        head, *tail = field.name.split("_")
        field.json_name = head + "".join(part.capitalize() for part in tail)
    for nested in message.nested_type:
        name_in_json(nested)


def drive(script: str, server: str, installation: live.Platform) -> Any:
    """Runs a driver with its task on standard input; gives what it printed."""
    task = {
        "baseUrl": server, "apiKey": installation.api_key, "commitSha": facts.head(installation),
        "repositoryId": str(installation.repository_id), "path": live.PATH, "line": 2,
        "faults": f"{installation.emulator_url}/_emulator/faults",
        "descriptors": base64.b64encode(descriptors()).decode(),
    }  # fmt: skip
    done = subprocess.run(
        ["node", script], cwd=HERE, input=json.dumps(task), capture_output=True, text=True,
        check=False, timeout=live.PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def check_successes(answers: Any, installation: live.Platform) -> None:
    """What every client must have got: the facts as git tells them."""
    assert answers["repository"]["id"] == str(installation.repository_id)
    assert answers["repository"]["name"] == "acme/shop"
    assert answers["repository"]["provider"] == scm_pb2.PROVIDER_GITHUB
    assert answers["line"] == facts.line(installation, 2)
    assert answers["ranges"] == facts.ranges(installation)


def test_connect_web_over_grpc_web_and_connect(server: str, installation: live.Platform) -> None:
    everything = drive("connect_web.mjs", server, installation)
    assert set(everything) == {"grpcWeb", "connect", "connectBinary", "prefixed"}
    for answers in everything.values():
        check_successes(answers, installation)
        assert answers["listed"] == ["acme/shop"]
        assert answers["missing"]["code"] == "NotFound"
        assert answers["missing"]["reason"] == "RESOURCE_NOT_FOUND"
        assert answers["missing"]["message"] == "repository not found"
        assert answers["missing"]["domain"]
        assert answers["unauthenticated"]["code"] == "Unauthenticated"
        assert answers["unauthenticated"]["reason"] == "CREDENTIAL_MISSING"
        assert answers["streamFailure"]["code"] == "NotFound"
        assert answers["deadline"]["code"] == "DeadlineExceeded"


def test_grpc_web_binary_and_text(server: str, installation: live.Platform) -> None:
    everything = drive("grpc_web.mjs", server, installation)
    assert set(everything) == {"binary", "text"}
    for answers in everything.values():
        check_successes(answers, installation)
        assert answers["missing"]["code"] == "NOT_FOUND"
        assert answers["missing"]["message"] == "repository not found"
        assert answers["missing"]["details"] is True
        assert answers["unauthenticated"]["code"] == "UNAUTHENTICATED"
        assert answers["deadline"]["code"] == "DEADLINE_EXCEEDED"
        assert answers["streamFailure"]["code"] == "NOT_FOUND"
