"""Log lines: time, level, logger, event and facts."""

import json
import logging
import sys
from typing import Any

import pytest

from sentry.utils import request_id
from sentry.utils.logging import JSONFormatter, StructuredFormatter

FORMATTERS = [StructuredFormatter(), JSONFormatter()]
both = pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda each: type(each).__name__)
TOKEN = "sntryu_" + "0a" * 32


def record(event: str, *args: object, **changes: object) -> logging.LogRecord:
    made = logging.LogRecord("sentry.x", logging.WARNING, "a.py", 1, event, args, None)
    made.created = 1_767_225_600.25
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def line(event: str, *args: object, **changes: object) -> str:
    return StructuredFormatter().format(record(event, *args, **changes))


def parsed(event: str, *args: object, **changes: object) -> dict[str, Any]:
    text = JSONFormatter().format(record(event, *args, **changes))
    assert len(text.splitlines()) == 1
    value: dict[str, Any] = json.loads(text)
    return value


def failure(text: str) -> object:
    try:
        raise ValueError(text)  # noqa: TRY301
    except ValueError:
        return sys.exc_info()


def test_the_event_and_its_facts() -> None:
    assert line("scm.sync.done", count=3, path="a b") == (
        "2026-01-01T00:00:00.250+00:00 warning sentry.x scm.sync.done count=3 path='a b'"
    )


def test_the_same_in_json() -> None:
    assert parsed("scm.sync.done", count=3, path="a b") == {
        "time": "2026-01-01T00:00:00.250+00:00",
        "level": "warning",
        "logger": "sentry.x",
        "event": "scm.sync.done",
        "extra": {"count": 3, "path": "a b"},
    }


def test_without_facts_nothing_follows() -> None:
    assert line("took %s ms", 5).endswith("sentry.x took 5 ms")
    assert line("event", taskName="Task-1").endswith(" event")
    assert "extra" not in parsed("event", taskName="Task-1")


def test_the_id_of_the_request_at_hand() -> None:
    with request_id.bound("abc"):
        assert line("event").endswith("event request_id='abc'")
        assert parsed("event")["request_id"] == "abc"
        assert parsed("event", request_id="of its own")["request_id"] == "of its own"
    assert "request_id" not in parsed("event")


def test_nothing_begins_a_new_line() -> None:
    assert "\n" not in line("event\nINFO forged", path="a\nb")
    assert line("Not Found: %s", "/a\r\n2026 info b\x1b[2J\u2028").endswith(
        "Not Found: /a\\r\\n2026 info b\\x1b[2J\\u2028"
    )


def test_a_traceback_follows() -> None:
    first, *rest = line("event", exc_info=failure("the cause")).splitlines()
    assert first.endswith("sentry.x event")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "ValueError: the cause"


def test_in_json_the_traceback_is_a_text() -> None:
    text = parsed("event", exc_info=failure("the cause"))["exception"]
    assert text.startswith("Traceback")
    assert text.endswith("ValueError: the cause")


@both
def test_no_secret_is_written(formatter: logging.Formatter) -> None:
    made = record(
        "refused %s",
        f"Bearer {TOKEN}",
        headers={"authorization": TOKEN, "x-api-key": "hunter2"},
        url=f"https://ada:hunter2@host.example/?token={TOKEN}",
        exc_info=failure(f"password=hunter2 {TOKEN}"),
    )
    text = formatter.format(made)
    assert TOKEN not in text
    assert "hunter2" not in text


@both
def test_what_cannot_be_shown_costs_no_line(formatter: logging.Formatter) -> None:
    class Unshowable:
        def __repr__(self) -> str:
            raise RuntimeError

    made = record("%d items", "no number", thing=Unshowable(), nan=float("nan"), deep=[[[{}]]])
    text = formatter.format(made)
    assert "%d items" in text
    assert "Unshowable that cannot be shown" in text
