"""One class per status, with everything that the server told."""

import copy
import pickle
import socket
from typing import Any

import pytest
from connectrpc.code import Code
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2 as rpc
from google.rpc import status_pb2

from sentry_scm_client import (
    ErrorReason,
    InvalidArgument,
    RetryPolicy,
    ScmError,
    StatusCode,
    Unavailable,
    Unknown,
)
from sentry_scm_client.errors import decode_details, error_for

from .conftest import OpenDriver
from .loopback import ScmBackend, failure

CODES: dict[Code, StatusCode] = {
    Code.CANCELED: StatusCode.CANCELLED,
    **{code: StatusCode[code.name] for code in Code if code is not Code.CANCELED},
}


def packed(*messages: Any) -> bytes:
    status = status_pb2.Status(code=3, message="inner")
    for message in messages:
        status.details.add().Pack(message)
    encoded: bytes = status.SerializeToString()
    return encoded


def test_statuses_are_those_of_grpc():
    assert [code.value for code in StatusCode] == list(range(17))
    assert len(ScmError.__subclasses__()) == 16


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_status_and_details_arrive(
    open_driver: OpenDriver, host: str, backend: ScmBackend, code: Code
):
    def answer(_: object) -> None:
        raise failure(
            code,
            "wörng: 100 %",
            rpc.ErrorInfo(reason="ARGUMENT_INVALID", domain="scm", metadata={"a": "b"}),
            rpc.RetryInfo(retry_delay=Duration(seconds=1, nanos=250_000_000)),
            rpc.BadRequest(
                field_violations=[
                    rpc.BadRequest.FieldViolation(field="line_number", description="counts from 1")
                ]
            ),
        )

    backend.answers["GetRepository"] = answer
    driver = open_driver(host, retries=RetryPolicy.NONE)
    with pytest.raises(ScmError) as caught:
        driver.call("get_repository", 1)
    error = caught.value
    assert error.code() is CODES[code]
    assert type(error).status is CODES[code]
    assert type(error).__name__.upper() == CODES[code].name.replace("_", "")
    assert error.details() == "wörng: 100 %"
    assert (error.reason, error.domain) == ("ARGUMENT_INVALID", "scm")
    assert f"ERROR_REASON_{error.reason}" in ErrorReason.keys()  # noqa: SIM118 - no mapping
    assert error.metadata == {"a": "b"}
    assert error.retry_after == 1.25
    assert error.field_violations == {"line_number": "counts from 1"}
    assert [type(detail).__name__ for detail in error.error_details] == [
        "ErrorInfo",
        "RetryInfo",
        "BadRequest",
    ]


def test_text_names_status_reason_and_message():
    error = InvalidArgument("no", packed(rpc.ErrorInfo(reason="ARGUMENT_INVALID")))
    assert str(error) == "INVALID_ARGUMENT (ARGUMENT_INVALID): no"
    assert repr(error) == "<InvalidArgument INVALID_ARGUMENT (ARGUMENT_INVALID): no>"
    assert str(InvalidArgument("no")) == "INVALID_ARGUMENT: no"


def test_error_without_details():
    error = InvalidArgument("no")
    assert (error.reason, error.domain, error.metadata) == ("", "", {})
    assert (error.retry_after, error.field_violations, error.error_details) == (None, {}, ())


def pickled(error: ScmError) -> object:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickled])
def test_error_survives_copying(way: Any):
    error = error_for(5, "gone", packed(rpc.ErrorInfo(reason="RESOURCE_NOT_FOUND")))
    again = way(error)
    assert type(again) is type(error)
    assert (str(again), again.reason) == (str(error), "RESOURCE_NOT_FOUND")


def test_unknown_number_is_unknown():
    assert type(error_for(99, "new in 2040")) is Unknown


def test_details_of_other_types_and_broken_ones():
    broken = status_pb2.Status()
    broken.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    (kept,) = decode_details(broken.SerializeToString())
    assert kept == broken.details[0]
    (other,) = decode_details(packed(Timestamp(seconds=1)))
    assert other.DESCRIPTOR.full_name == "google.protobuf.Any"
    assert decode_details(b"\xff\xff") == ()


def test_unreachable_server_says_where(open_driver: OpenDriver):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        driver = open_driver(address, retries=RetryPolicy.NONE)
        with pytest.raises(Unavailable, match=f"cannot connect to http://{address}"):
            driver.call("get_repository", 1)
