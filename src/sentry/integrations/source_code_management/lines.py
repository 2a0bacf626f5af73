"""What a line of a file is. Pure."""

from sentry.integrations.source_code_management.json_reader import clean_text


def split_lines(text: str) -> list[str]:
    r"""The lines of a text as git counts them, each without its line end ("\n" or "\r\n").

    A final line end begins no further line; an empty text has none. A lone "\r", a form feed or
    a Unicode separator ends no line.
    """
    *ended, last = text.split("\n")
    lines = [line.removesuffix("\r") for line in ended]
    return [*lines, last] if last else lines


def decode_text(content: bytes) -> str:
    """The text of a file's bytes: UTF-8, with U+FFFD for what is none and for NUL."""
    return clean_text(content.decode("utf-8", "replace"))
