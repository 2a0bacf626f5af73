"""How messages become bytes: the RPC library's codecs, but with the entries of maps in order.

Protobuf leaves their order open, and a replayed answer must be the same bytes as the first.
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
    return [OrderedBinaryCodec(), google_protobuf_json_codec()]
