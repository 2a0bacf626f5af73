"""The GUIDs by which the host knows everything, made from what the emulator knows it by."""

from __future__ import annotations

import re
import uuid

_NAMESPACE = uuid.UUID("7d1c6c1e-5a0c-5c56-9d6a-0e1f5a3b7c11")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def guid(kind: str, key: object) -> str:
    """The GUID of a thing; the same at every run."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{key}"))


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None
