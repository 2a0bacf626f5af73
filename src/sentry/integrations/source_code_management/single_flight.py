"""Lets one of many callers who want the same find it out, in whichever process each of them is.

Who claims a key leads; the others wait for its answer and ask nobody. A leader that dies loses its
claim when the lease ends. What failed for the leader in passing is not told on: the next one tries.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentry import options
from sentry.integrations.source_code_management.errors import DeadlineExceeded, ScmError
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.shared_store import SharedStore
from sentry.utils import deadline
from sentry.utils.redis import store_errors

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.25
_TOLD_FOR = 10.0  # seconds that an answer which is not kept waits for those who wait for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a leader found out. ``keep``: seconds for those who ask later; 0: none may have it."""

    value: bytes
    keep: float = 0.0


type Answers = dict[str, Found | ScmError]
type FindOut = Callable[[Sequence[str]], Answers]


class SingleFlight:
    """Finds answers out once. Cheap to make."""

    def __init__(self, store: SharedStore, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Takes the store through which callers meet."""
        self._store = store
        self._sleep = sleep
        self._holder = secrets.token_hex(8)

    def run(self, keys: Sequence[str], find_out: FindOut) -> Answers:
        """The answer under each key: found out here, or by somebody who was first.

        Keys must name everything that the answer depends on, who may see it included. ``find_out``
        is called with the keys that are this caller's to find out, perhaps several times, and
        answers each, and further ones if it likes; an error that it gives or raises is not told to
        others.

        Raises:
            DeadlineExceeded: the caller's time was up while others were at it.
        """
        lease = options.get_float("scm.single-flight.lease")
        if lease <= 0:
            return find_out(list(keys))
        answers: Answers = {}
        try:
            self._run(list(dict.fromkeys(keys)), find_out, lease, answers)
        except store_errors():
            logger.exception("scm.shared.store_failed")
            missing = [key for key in dict.fromkeys(keys) if key not in answers]
            if missing:
                answers |= find_out(missing)
        return answers

    def _run(
        self, pending: Sequence[str], find_out: FindOut, lease: float, answers: Answers
    ) -> None:
        """Fills ``answers``, which keeps what was found where the store fails in between."""
        leaders: dict[str, str] = {}
        patience = time.monotonic() + deadline.remaining(
            options.get_float("scm.http.total-timeout")
        )
        pause = _FIRST_PAUSE
        self._store.claim(pending, self._holder, seconds=lease)
        while True:
            told = [_told(key, leader) for key, leader in leaders.items()]
            entries = self._store.read([*pending, *told])
            mine, free = [], []
            for key in pending:
                entry = entries.get(_told(key, leaders.get(key, ""))) or entries.get(key)
                if entry is None:
                    free.append(key)
                elif entry.value is not None:
                    answers[key] = Found(value=entry.value)
                elif entry.holder == self._holder:
                    mine.append(key)
                else:
                    leaders[key] = entry.holder
            self._lead(mine, find_out, answers)
            pending = [key for key in pending if key not in answers]
            if not pending:
                return
            if free:
                self._store.claim(free, self._holder, seconds=lease)
                continue
            left = patience - time.monotonic()
            if left <= 0:
                answers |= self._out_of_patience(pending, find_out)
                return
            self._sleep(min(pause, left))
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def _lead(self, keys: Sequence[str], find_out: FindOut, answers: Answers) -> None:
        """Finds out what this caller has claimed, and tells it."""
        if not keys:
            return
        try:
            found = find_out(keys)
        except BaseException:
            self._give_up(keys)
            raise
        answers |= found
        self._tell(keys, found)

    def _tell(self, keys: Sequence[str], found: Mapping[str, Found | ScmError]) -> None:
        kept: dict[float, dict[str, bytes]] = {}
        for key, answer in found.items():
            if isinstance(answer, Found) and answer.keep > 0:
                kept.setdefault(answer.keep, {})[key] = answer.value
            elif isinstance(answer, Found):
                name = _told(key, self._holder)
                kept.setdefault(_TOLD_FOR, {})[name] = answer.value
        for seconds, values in kept.items():
            self._store.write(values, seconds=seconds)
        replaced = {key for values in kept.values() for key in values}
        left = [key for key in keys if key not in replaced]
        if left:
            self._store.release(left, self._holder)

    def _give_up(self, keys: Iterable[str]) -> None:
        try:
            self._store.release(keys, self._holder)
        except store_errors():
            logger.exception("scm.shared.store_failed")

    def _out_of_patience(self, keys: Sequence[str], find_out: FindOut) -> Answers:
        if deadline.deadline_end() is not None:
            raise DeadlineExceeded
        return find_out(keys)


def _told(key: str, leader: str) -> str:
    """Where a leader tells an answer that only those may have who waited for it."""
    return digest("told", key, leader)
