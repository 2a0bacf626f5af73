"""What every host may answer on a bad day, and what the caller is told of it."""

import logging
from typing import Any

import pytest

from forge_emulator import Fault
from sentry import options
from sentry.actions.operator import operator_in
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions.integrations import replace_credential
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.testutils.rpc import RpcAnswer, RpcStatus

from .conftest import Place
from .hosts import TOKEN

OTHER_TOKEN = "another-token-of-every-host-0123456789"

BROKEN = (RpcStatus.FAILED_PRECONDITION, "INTEGRATION_BROKEN")
FORBIDDEN = (RpcStatus.FAILED_PRECONDITION, "HOST_FORBIDDEN")
ABSENT = (RpcStatus.NOT_FOUND, "RESOURCE_NOT_FOUND")
LIMITED = (RpcStatus.RESOURCE_EXHAUSTED, "HOST_RATE_LIMITED")
AWAY = (RpcStatus.UNAVAILABLE, "HOST_UNAVAILABLE")
REFUSED = (RpcStatus.INVALID_ARGUMENT, "ARGUMENT_INVALID")

STATUSES = {401: BROKEN, 403: FORBIDDEN, 404: ABSENT, 410: ABSENT, 409: REFUSED, 422: REFUSED}
STATUSES |= {429: LIMITED, 500: AWAY, 502: AWAY, 503: AWAY, 504: AWAY}


@pytest.fixture(autouse=True)
def _asks_once():
    with options.override({"scm.http.max-attempts": 1, "scm.http.total-timeout": 2.0}):
        yield


def read_a_file(place: Place) -> RpcAnswer[Any]:
    """One call of the host's REST API as of a full id, so that nothing else is asked."""
    request = scm_pb2.GetFileRequest(
        repository_id=place.repository.id,
        ref=place.git("rev-parse", "HEAD").strip(),
        path="README.md",
    )
    return place.rpc("GetFile", request)


def assert_no_secret(caplog: pytest.LogCaptureFixture, answer: RpcAnswer[Any]) -> None:
    told = [answer.message, str(answer.trailers), caplog.text]
    assert not any(TOKEN in text for text in told)


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal(place, caplog, status):
    caplog.set_level(logging.DEBUG)
    place.emulator.faults.add(Fault(kind="status", status=status))
    answer = read_a_file(place)
    wanted = STATUSES[status]
    if status == 401 and place.kind.key is ProviderKey.BITBUCKET_SERVER:
        wanted = FORBIDDEN  # it says with 401, too, what a credential may not do, as it does here
    assert (answer.status, answer.reason) == wanted, answer.message
    assert_no_secret(caplog, answer)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="html"),
        Fault(kind="html", status=502),
        Fault(kind="truncated"),
        Fault(kind="empty", status=500),
        Fault(kind="drop"),
        Fault(kind="latency", seconds=4.0),
        Fault(kind="redirect", location="http://198.51.100.7/elsewhere"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status or ''}",
)
def test_what_is_no_answer(place, caplog, fault):
    caplog.set_level(logging.DEBUG)
    place.emulator.faults.add(fault)
    answer = read_a_file(place)
    assert (answer.status, answer.reason) == AWAY, answer.message
    assert_no_secret(caplog, answer)


def test_a_credential_that_the_host_no_longer_takes(place):
    """It breaks the integration, which says so; another one mends it."""
    place.emulator.revoke_token(TOKEN)
    try:
        answer = read_a_file(place)
        assert (answer.status, answer.reason) == BROKEN, answer.message
        broken = listed(place)
        assert broken.state == scm_pb2.INTEGRATION_STATE_BROKEN
        assert broken.broken_reason
        place.emulator.add_token(OTHER_TOKEN, place.kind.account)
        caller = operator_in(place.organization.id)
        replace_credential(
            caller, integration_id=place.integration.pk, metadata={"token": OTHER_TOKEN}
        )
        assert read_a_file(place).response.path == "README.md"
        assert listed(place).state == scm_pb2.INTEGRATION_STATE_ACTIVE
        assert not listed(place).broken_reason
    finally:
        place.emulator.revoke_token(OTHER_TOKEN)
        place.emulator.add_token(TOKEN, place.kind.account)


def listed(place: Place) -> scm_pb2.Integration:
    answer = place.rpc("ListIntegrations", scm_pb2.ListIntegrationsRequest())
    integrations: list[scm_pb2.Integration] = list(answer.response.integrations)
    assert len(integrations) == 1
    return integrations[0]


def test_the_limit_is_told_with_a_time(place):
    place.emulator.faults.add(Fault(kind="rate_limit_primary"))
    answer = read_a_file(place)
    assert (answer.status, answer.reason) == LIMITED
    assert "RetryInfo" in " ".join(type(each).__name__ for each in answer.details)


def test_a_host_that_is_well_again_is_asked_again(place):
    place.emulator.faults.add(Fault(kind="status", status=503, times=1))
    assert read_a_file(place).status is RpcStatus.UNAVAILABLE
    assert read_a_file(place).response.path == "README.md"
