"""The deadline of the work at hand."""

import threading
from types import SimpleNamespace

import pytest

from sentry.utils.deadline import (
    deadline_at,
    deadline_end,
    remaining,
    reset_deadline,
    set_deadline,
)


@pytest.fixture(autouse=True)
def _at_100(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr("sentry.utils.deadline.time", clock)


def test_without_one_the_default_holds() -> None:
    assert deadline_end() is None
    assert remaining(7.5) == 7.5


def test_what_is_left() -> None:
    with deadline_at(103.0):
        assert (deadline_end(), remaining(99)) == (103.0, 3.0)
    with deadline_at(99.0):
        assert remaining(99) == 0.0


def test_blocks_nest_and_end_with_an_error() -> None:
    with deadline_at(110.0):
        with pytest.raises(KeyError), deadline_at(None):
            raise KeyError(remaining(5))
        assert remaining(99) == 10.0
    assert deadline_end() is None


def test_set_and_put_back() -> None:
    outer = set_deadline(120.0)
    inner = set_deadline(105.0)
    assert remaining(99) == 5.0
    reset_deadline(inner)
    assert remaining(99) == 20.0
    reset_deadline(outer)
    assert deadline_end() is None


def test_another_thread_has_none() -> None:
    seen: list[float | None] = []
    with deadline_at(110.0):
        thread = threading.Thread(target=lambda: seen.append(deadline_end()))
        thread.start()
        thread.join()
    assert seen == [None]
