from datetime import UTC, datetime

import pytest

from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import (
    as_list,
    as_object,
    as_objects,
    clean_text,
)

OBJECT = as_object(
    {
        "text": "a\0b",
        "number": 7,
        "yes": True,
        "time": "2024-01-01T12:00:00+02:00",
        "naive": "2024-01-01T12:00:00",
        "zulu": "2024-01-01T12:00:00Z",
        "object": {"inner": 1},
        "list": [{"a": 1}],
        "null": None,
    },
    "answer",
)


def test_each_type_is_read_and_cleaned():
    assert OBJECT.text("text") == "a\ufffdb"
    assert OBJECT.integer("number") == 7
    assert OBJECT.boolean("yes") is True
    assert OBJECT.time("time") == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert OBJECT.time("naive") == OBJECT.time("zulu") == datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert OBJECT.object("object").integer("inner") == 1
    assert [item.integer("a") for item in OBJECT.objects("list")] == [1]
    assert "null" in OBJECT
    assert "absent" not in OBJECT
    assert list(OBJECT)[:2] == ["text", "number"]


@pytest.mark.parametrize("kind", ["text", "integer", "boolean", "time", "object"])
def test_optional_members_may_be_absent_or_null_but_not_of_another_type(kind):
    read = getattr(OBJECT, f"optional_{kind}")
    assert read("null") is None
    assert read("absent") is None
    with pytest.raises(HostUnavailable):
        read("list")


def test_optional_members_give_their_value():
    assert OBJECT.optional_text("text") == "a\ufffdb"
    assert OBJECT.optional_integer("number") == 7
    assert OBJECT.optional_boolean("yes") is True
    assert OBJECT.optional_time("zulu") == datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert OBJECT.optional_object("object") is not None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("text", "number"),
        ("integer", "yes"),
        ("integer", "text"),
        ("boolean", "number"),
        ("time", "text"),
        ("time", "number"),
        ("object", "list"),
        ("objects", "object"),
        ("text", "absent"),
        ("time", "null"),
    ],
)
def test_another_shape_is_one_error_that_names_the_place(kind, name):
    with pytest.raises(HostUnavailable, match=f"answer.{name}"):
        getattr(OBJECT, kind)(name)


def test_lists_are_checked_member_by_member():
    with pytest.raises(HostUnavailable, match=r"things\[1\]"):
        as_objects([{}, 3], "things")
    with pytest.raises(HostUnavailable):
        as_list({}, "things")
    assert as_list([1], "things") == [1]


def test_a_time_before_the_calendar_is_an_unexpected_shape():
    value = as_object({"t": "0001-01-01T00:00:00+14:00"}, "answer")
    with pytest.raises(HostUnavailable):
        value.time("t")


def test_lone_surrogates_are_replaced_and_other_characters_kept():
    assert clean_text("ä\ud800\0\U0001f600") == "ä\ufffd\ufffd\U0001f600"


def test_the_repr_shows_no_content():
    assert "a\0b" not in repr(OBJECT)
    assert "inner" not in repr(OBJECT)
