"""Streams that give less than they are asked for."""

import pytest

from sentry.utils.streams import read_at_most


class Drip:
    """Gives two bytes at a time at most, and counts what was taken."""

    def __init__(self, content: bytes) -> None:
        self.left = content

    def read(self, size: int, /) -> bytes:
        piece, self.left = self.left[: min(2, size)], self.left[min(2, size) :]
        return piece


@pytest.mark.parametrize(
    ("size", "expected", "left"),
    [(0, b"", b"abcde"), (1, b"a", b"bcde"), (3, b"abc", b"de"), (5, b"abcde", b""), (9, b"abcde", b"")],
)  # fmt: skip
def test_what_comes_in_pieces_is_read_up_to_the_size(size, expected, left):
    stream = Drip(b"abcde")
    assert read_at_most(stream, size) == expected
    assert stream.left == left
