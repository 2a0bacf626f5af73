"""What ``make proto-check`` takes for growth and what for a change."""

import json

import pytest

from scripts import proto_check
from sentry.integrations.grpc.generated import scm_pb2

PUBLISHED = json.loads(proto_check.PUBLISHED.read_text(encoding="utf-8"))
REPOSITORY = "message sentry.integrations.scm.v1.Repository"


def test_everything_published_is_as_it_was() -> None:
    assert list(proto_check.changed(PUBLISHED, proto_check.shape(scm_pb2.DESCRIPTOR))) == []


def test_growth_is_allowed() -> None:
    grown = {**PUBLISHED, "message New": {"id": "1 int64"}}
    assert list(proto_check.changed(PUBLISHED, grown)) == []


@pytest.mark.parametrize("meaning", ["3 string", "30 string", "4 int64", None])
def test_another_number_or_type_is_a_change(meaning: str | None) -> None:
    now = json.loads(json.dumps(PUBLISHED))
    if meaning is None:
        del now[REPOSITORY]["url"]
    else:
        now[REPOSITORY]["url"] = meaning
    (fault,) = proto_check.changed(PUBLISHED, now)
    assert "url was published as '4 string'" in fault


def test_every_kind_of_thing_is_watched() -> None:
    kinds = {name.split(" ")[0] for name in PUBLISHED}
    assert kinds == {"message", "enum", "service"}
    assert PUBLISHED["service sentry.integrations.scm.v1.ScmService"]["GetCommit"] == (
        "sentry.integrations.scm.v1.GetCommitRequest -> sentry.integrations.scm.v1.Commit"
    )


def test_server_and_client_hold_the_same_bytes() -> None:
    from sentry_scm_client import scm_pb2 as clients

    assert list(proto_check.differing_copies()) == []
    assert clients.DESCRIPTOR.serialized_pb == scm_pb2.DESCRIPTOR.serialized_pb
