"""53-bit ids for region models: ordered by time, unique over regions, exact in JavaScript.

Layout, high to low: 32 bits seconds since 2025-01-01 UTC, 5 bits region, 16 bits sequence. A
process starts each second at a random sequence number; a collision between two processes is
found by the primary key and answered with a new id (see ``sentry.db.models``).
"""

import secrets
import threading
import time

EPOCH = 1_735_689_600  # 2025-01-01T00:00:00Z
REGION_BITS = 5
SEQUENCE_BITS = 16
_SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1


class SnowflakeSequence:
    """Makes ids for one region. Safe to share between threads."""

    def __init__(self, region_id: int) -> None:
        """Starts a sequence for the region with this id, 0 to 31."""
        if not 0 <= region_id < 1 << REGION_BITS:
            raise ValueError(f"a region id is 0 to {(1 << REGION_BITS) - 1}, not {region_id}")
        self._region_id = region_id
        self._lock = threading.Lock()
        self._second = 0
        self._start = 0
        self._used = 0

    def next_id(self) -> int:
        """The next id. When a second is used up, the ids run ahead of the clock."""
        with self._lock:
            now = int(time.time()) - EPOCH
            if now > self._second or self._used > _SEQUENCE_MASK:
                self._second = max(now, self._second + 1)
                self._start = secrets.randbits(SEQUENCE_BITS)
                self._used = 0
            sequence = (self._start + self._used) & _SEQUENCE_MASK
            self._used += 1
            second = self._second
        return (second << REGION_BITS | self._region_id) << SEQUENCE_BITS | sequence
