"""Structured log lines: a dotted event name, then its facts.

Both forms put one record on one line (a traceback follows in the console's), carry the id of the
request at hand, and hold no secret, as far as ``sentry.utils.scrubbing`` knows its name or form.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from sentry.utils import request_id
from sentry.utils.scrubbing import scrub, scrub_text

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What could begin another line or move a terminal's cursor.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# In a traceback the lines are meant.
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _facts(record: logging.LogRecord) -> dict[str, object]:
    """What ``extra`` gave, and the id of the request at hand, scrubbed."""
    given = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    own = request_id.current()
    if own and "request_id" not in given:
        given["request_id"] = own
    facts = scrub(given)
    return dict(facts) if isinstance(facts, Mapping) else {}


def _event(record: logging.LogRecord) -> str:
    try:
        return scrub_text(record.getMessage())
    except Exception:  # noqa: BLE001 - arguments that do not fit must not cost the line
        return scrub_text(str(record.msg))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")


class StructuredFormatter(logging.Formatter):
    """Formats a record as ``time level logger event key=value …``; facts come from ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback where there is one."""
        facts = " ".join(f"{key}={value!r}" for key, value in _facts(record).items())
        head = f"{_time(record)} {record.levelname.lower()} {record.name}"
        line = _CONTROL.sub(_escape, f"{head} {_event(record)} {facts}").rstrip()
        if record.exc_info:
            line += "\n" + _CONTROL_IN_LINES.sub(_escape, _traceback(self, record))
        return line


class JSONFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line.

    Its keys are ``time``, ``level``, ``logger``, ``event``, and where there is something to say
    ``request_id``, ``extra`` and ``exception`` (the traceback as text).
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of ASCII."""
        extra = dict(_facts(record))
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        if "request_id" in extra:
            line["request_id"] = extra.pop("request_id")
        if extra:
            line["extra"] = extra
        if record.exc_info:
            line["exception"] = _traceback(self, record)
        return json.dumps(line, allow_nan=False)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return scrub_text(formatter.formatException(record.exc_info))
