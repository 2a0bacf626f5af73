"""The DSN that errors are reported to."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_PROJECT = re.compile(r"/(?:.*/)?[0-9]+")


def check_dsn(text: str) -> str:
    """The DSN as it is, if it is one or empty.

    Raises:
        ImproperlyConfigured: it is none; the message does not repeat it.
    """
    if not text:
        return text
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # its text would show a part of the DSN
        raise _malformed() from None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.username
        or not parts.hostname
        or not _PROJECT.fullmatch(parts.path)
    ):
        raise _malformed()
    return text


def _malformed() -> ImproperlyConfigured:
    return ImproperlyConfigured("SENTRY_SDK_DSN: expected https://key@host/project")
