"""Structured log lines: a dotted event name, then its facts."""

import logging
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class StructuredFormatter(logging.Formatter):
    """Formats a record as ``time level logger event key=value …``; facts come from ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback where there is one."""
        time = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        facts = " ".join(
            f"{key}={value!r}" for key, value in vars(record).items() if key not in _STANDARD
        )
        line = f"{time} {record.levelname.lower()} {record.name} {record.getMessage()} {facts}"
        line = line.rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line
