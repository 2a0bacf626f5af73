"""Ids: 53 bits, in the order of time, with the region inside, different in every process."""

import json
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry.utils.snowflake import EPOCH, SnowflakeSequence

LAST_SECOND = 2**32 - 1


class Clock:
    """Stands for ``time.time``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = EPOCH + seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock(1000)
    monkeypatch.setattr("sentry.utils.snowflake.time", SimpleNamespace(time=fake))
    return fake


def parts(value: int) -> tuple[int, int, int]:
    """(second, region, sequence)."""
    return value >> 21, value >> 16 & 31, value & 0xFFFF


@given(st.integers(1, LAST_SECOND), st.integers(0, 31))
def test_53_bits_with_the_time_and_the_region(second: int, region: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = SimpleNamespace(time=Clock(second + 0.5))
        patch.setattr("sentry.utils.snowflake.time", clock)
        value = SnowflakeSequence(region).next_id()
    assert 0 < value < 2**53
    assert parts(value)[:2] == (second, region)
    assert json.loads(json.dumps(float(value))) == value


@pytest.mark.parametrize("region", [-1, 32])
def test_a_region_that_does_not_fit(region: int) -> None:
    with pytest.raises(ValueError, match="0 to 31"):
        SnowflakeSequence(region)


def test_later_ids_are_greater(clock: Clock) -> None:
    sequence = SnowflakeSequence(3)
    before = [sequence.next_id() for _ in range(100)]
    clock.seconds += 1
    after = [sequence.next_id() for _ in range(100)]
    assert max(before) < min(after)


def test_a_second_that_is_used_up_runs_ahead_of_the_clock(clock: Clock) -> None:
    sequence = SnowflakeSequence(0)
    ids = [sequence.next_id() for _ in range(2 * 65536 + 1)]
    assert len(set(ids)) == len(ids)
    assert [parts(ids[place])[0] for place in (0, 65535, 65536, 131071, 131072)] == [
        1000, 1000, 1001, 1001, 1002,
    ]  # fmt: skip
    clock.seconds += 1  # the clock is still behind
    assert sequence.next_id() not in ids
    clock.seconds += 10
    assert parts(sequence.next_id())[0] == 1011


def test_a_clock_that_goes_back(clock: Clock) -> None:
    sequence = SnowflakeSequence(0)
    first = sequence.next_id()
    clock.seconds -= 600
    second = sequence.next_id()
    assert parts(second)[0] == parts(first)[0]
    assert second != first


def test_threads_share_a_sequence() -> None:
    sequence = SnowflakeSequence(1)
    found: list[list[int]] = [[] for _ in range(4)]

    def make(place: int) -> None:
        found[place] = [sequence.next_id() for _ in range(5000)]

    threads = [threading.Thread(target=make, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({value for ids in found for value in ids}) == 20_000


def test_two_processes_start_at_different_places() -> None:
    """A random start; ten processes that all began at one would show a start that is fixed."""
    program = (
        "from sentry.utils.snowflake import SnowflakeSequence;"
        "print(SnowflakeSequence(1).next_id() & 0xFFFF)"
    )
    starts = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, text=True
        ).stdout
        for _ in range(4)
    }
    assert len(starts) > 1
