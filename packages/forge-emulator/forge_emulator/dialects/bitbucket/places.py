"""Where lists go on that are read by links alone."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a list goes on: what it was made of, and how far it was read."""

    facts: Mapping[str, str]
    offset: int


class Places:
    """Remembers where lists go on, under names that say nothing to a client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Place] = OrderedDict()

    def keep(self, place: Place) -> str:
        """A name for it; the same one for the same place."""
        facts = sorted(place.facts.items())
        name = hashlib.sha256(repr((facts, place.offset)).encode()).hexdigest()[:32]
        with self._lock:
            self._known[name] = place
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return name

    def find(self, name: str) -> Place:
        """The place of that name; raises `ApiError` 400 for one that was not given out."""
        with self._lock:
            found = self._known.get(name)
        if found is None:
            raise ApiError(400, "Invalid page")
        return found
