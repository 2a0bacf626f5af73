"""Blames many files of a repository in few queries."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentry.integrations.github.parse_blame import (
    BlameAnswer,
    BlamedFile,
    BlameTarget,
    TooHeavy,
)
from sentry.integrations.source_code_management.errors import HostError, HostGaveUp, ScmError
from sentry.utils import deadline

# GitHub gives a query ten seconds, and blame is slow.
FILES_PER_QUERY = 10
_ANOTHER_WAY = 5.0  # seconds that blame on a mirror is left, at least

type Ask = Callable[[Sequence[BlameTarget]], list[BlameAnswer]]


@dataclass(frozen=True, slots=True)
class _Batch:
    places: tuple[int, ...]

    def halves(self, heavy: Sequence[int]) -> list["_Batch"]:
        middle = (len(heavy) + 1) // 2
        return [_Batch(tuple(part)) for part in (heavy[:middle], heavy[middle:]) if part]


def blame_in_batches(
    targets: Sequence[BlameTarget], ask: Ask, *, clock: Callable[[], float] = time.monotonic
) -> list[BlamedFile | ScmError]:
    """The answer for each target, at its place.

    What GitHub gives up on is asked again in halves, down to single files; a single file that is
    too much for it is HostGaveUp at its place, and so is what there is no more time to ask: who
    has another way needs time for it. Nor is more asked once as many files as a query holds were
    each refused, one after the other: then it is not the files. An error of a whole query stands at
    the place of each of its files, so that what other queries gave is kept.
    """
    given_up = 0.0  # seconds that the longest query took that was given up
    in_vain = 0  # single files that were given up since it last answered
    results: dict[int, BlamedFile | ScmError] = {}
    queue = deque(
        _Batch(tuple(range(start, min(start + FILES_PER_QUERY, len(targets)))))
        for start in range(0, len(targets), FILES_PER_QUERY)
    )
    while queue:
        batch = queue.popleft()
        no_time = given_up and deadline.remaining(math.inf) < given_up + _ANOTHER_WAY
        if no_time or in_vain >= FILES_PER_QUERY:
            results |= dict.fromkeys(batch.places, _gave_up())
            continue
        heavy: list[int] = []
        began = clock()
        for place, answer in zip(batch.places, _answers(batch, targets, ask), strict=True):
            if isinstance(answer, TooHeavy):
                heavy.append(place)
                continue
            results[place] = answer
            if not isinstance(answer, HostError):
                in_vain = 0
        if heavy:
            given_up = max(given_up, clock() - began)
        if len(batch.places) == 1 and heavy:
            in_vain += 1
            results[heavy[0]] = _gave_up()
        else:
            queue.extendleft(reversed(batch.halves(heavy)))
    return [results[place] for place in range(len(targets))]


def _gave_up() -> HostGaveUp:
    return HostGaveUp("the host could not blame the file in time")


def _answers(batch: _Batch, targets: Sequence[BlameTarget], ask: Ask) -> list[BlameAnswer]:
    try:
        return ask([targets[place] for place in batch.places])
    except ScmError as error:
        return [error] * len(batch.places)
