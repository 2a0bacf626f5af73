"""Log lines: time, level, logger, event and facts."""

import logging
import sys

from sentry.utils.logging import StructuredFormatter


def line(event: str, *args: object, **changes: object) -> str:
    record = logging.LogRecord("sentry.x", logging.WARNING, "a.py", 1, event, args, None)
    record.created = 1_767_225_600.25
    for name, value in changes.items():
        setattr(record, name, value)
    return StructuredFormatter().format(record)


def test_the_event_and_its_facts() -> None:
    assert line("scm.sync.done", count=3, path="a b") == (
        "2026-01-01T00:00:00.250+00:00 warning sentry.x scm.sync.done count=3 path='a b'"
    )


def test_without_facts_nothing_follows() -> None:
    assert line("took %s ms", 5).endswith("sentry.x took 5 ms")
    assert line("event", taskName="Task-1").endswith(" event")


def test_a_fact_cannot_begin_a_new_line() -> None:
    assert "\n" not in line("event", path="a\nb")


def test_a_traceback_follows() -> None:
    try:
        raise ValueError("the cause")  # noqa: TRY301
    except ValueError:
        text = line("event", exc_info=sys.exc_info())
    first, *rest = text.splitlines()
    assert first.endswith("sentry.x event")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "ValueError: the cause"
