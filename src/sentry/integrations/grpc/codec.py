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


def codecs() -> list[Codec]:
    """The codecs of the door."""
    return [OrderedBinaryCodec(), google_protobuf_json_codec(ignore_unknown_fields=False)]
