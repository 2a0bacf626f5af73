import pytest

from sentry.integrations.source_code_management.lines import decode_text, split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\n\n", ["a", ""]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\r\r\nb\r", ["a\r", "b\r"]),
        ("a\rb\x0bc\x0cd\x85e\u2028f\n", ["a\rb\x0bc\x0cd\x85e\u2028f"]),
    ],
)
def test_only_a_line_feed_ends_a_line(text, lines):
    assert split_lines(text) == lines


def test_bytes_become_valid_text_without_nul():
    assert decode_text(b"gr\xc3\xbc\xc3\x9fe\xff\0") == "grüße\ufffd\ufffd"
