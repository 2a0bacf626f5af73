"""Reading from streams that give less at a time than they are asked for."""

from typing import Protocol


class Readable(Protocol):
    """Gives at most so many further bytes; none at its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


def read_at_most(stream: Readable, size: int) -> bytes:
    """The first ``size`` bytes of a stream, or all where it ends before; more is left unread."""
    body = stream.read(size)
    if len(body) == size or not body:
        return body
    pieces = [body]
    left = size - len(body)
    while left and (piece := stream.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
