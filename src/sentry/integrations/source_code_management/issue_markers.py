"""Markers in issues, by which one is found again after a crash. Pure.

A marker stands at the description's end in an HTML comment, which Markdown does not show.
"""

import re

from sentry.integrations.source_code_management.errors import InvalidArgument

_MARKER = re.compile(r"(?:\n\n)?<!-- sentry-request: (?P<marker>[A-Za-z0-9_\-]+) -->\s*")


def with_marker(description: str, marker: str) -> str:
    """The description with the marker hidden at its end, as ``split_marker`` takes it off.

    Raises:
        InvalidArgument: the marker could end the comment that hides it.
    """
    if not marker:
        return description
    hidden = f"<!-- sentry-request: {marker} -->"
    if not _MARKER.fullmatch(hidden):
        raise InvalidArgument("marker", "must be letters, digits, - or _")
    return f"{description}\n\n{hidden}"


def split_marker(text: str) -> tuple[str, str]:
    """The description without its marker, and the marker; "" where there is none."""
    found = _MARKER.search(text)
    return _MARKER.sub("", text), found["marker"] if found else ""
