"""Between messages and values: what is absent, times, and the tables' completeness."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sentry.integrations.grpc import convert
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.types import (
    Capability,
    ProviderKey,
    RepositoryState,
)
from sentry.testutils.factories import Factories


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), (0, 0)),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC), (-1, 500_000_000)),
        (datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), (1_767_225_600, 1000)),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), (1_767_225_600, 0)),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), (253_402_300_799, 0)),
    ],
)
def test_times(time, expected):
    stamp = convert.timestamp(time)
    assert (stamp.seconds, stamp.nanos) == expected
    assert stamp.ToDatetime(UTC) == time


def test_the_tables_hold_every_value_once():
    assert set(convert.PROVIDERS) == set(ProviderKey)
    assert set(convert.PROVIDERS.values()) == set(scm_pb2.Provider.values()) - {0}
    assert set(convert.STATUSES) == set(RepositoryState)
    assert set(convert.STATUSES.values()) == set(scm_pb2.RepositoryStatus.values()) - {0}
    assert set(convert.CAPABILITIES) == set(Capability)
    assert set(convert.CAPABILITIES.values()) == set(scm_pb2.Capability.values()) - {0}


def test_what_has_no_message():
    with pytest.raises(TypeError, match="int"):
        convert.to_message(1)


def test_a_commit_of_nobody(scene):
    commit = Factories.create_commit(scene.repository, author=None, message=None)
    got = scene.rpc(
        "GetCommit",
        scm_pb2.GetCommitRequest(repository_id=scene.repository.id, commit_sha=commit.key),
    ).response
    assert not got.HasField("author")
    assert got.message == ""
