"""How messages become bytes: the RPC library's codecs, made stricter.

The binary form has the entries of maps in order: Protobuf leaves it open, and a replayed answer
must be the same bytes as the first. JSON with an unknown field, or an unknown name of an enum, is
refused: left out in silence, a misspelt filter would answer with everything.
"""

from connectrpc.codec import Codec
from connectrpc.compat import google_protobuf_json_codec
from google.protobuf.message import Message


class OrderedBinaryCodec:
    """Protobuf's binary form, the same bytes for equal messages of one release."""

    def name(self) -> str:
        """The end of the content types that it is for."""
        return "proto"

    def encode(self, message: Message) -> bytes:
        """A message's bytes."""
        return message.SerializeToString(deterministic=True)

    def decode[M: Message](self, data: bytes | bytearray, message_class: type[M]) -> M:
        """The message in the bytes.

        Raises:
            DecodeError: they hold none of this type.
        """
        return message_class.FromString(bytes(data))


class StrictJsonCodec:
    """Protobuf's JSON form: one object, without unknown fields or names."""

    _inner = google_protobuf_json_codec(ignore_unknown_fields=False)

    def name(self) -> str:
        """The end of the content types that it is for."""
        return "json"

    def encode(self, message: Message) -> bytes:
        """A message's JSON."""
        return self._inner.encode(message)

    def decode[M: Message](self, data: bytes | bytearray, message_class: type[M]) -> M:
        """The message in the JSON.

        Raises:
            ValueError: it is no object.
            google.protobuf.json_format.ParseError: the object is no such message.
        """
        if not data.lstrip().startswith(b"{"):
            raise ValueError("expected an object")
        message: M = self._inner.decode(data, message_class)
        return message


def codecs() -> list[Codec]:
    """The codecs of the door."""
    return [OrderedBinaryCodec(), StrictJsonCodec()]
