"""Background work in tests: nothing runs by itself, a test runs what is due when it wants to."""

from sentry.taskqueue import records, running

_ROUNDS = 100


def run_due_tasks() -> int:
    """Runs every task that is due, and what these start, as a worker does; how many runs.

    Raises:
        AssertionError: there is no end to it.
    """
    done = 0
    for _ in range(_ROUNDS):
        rows = records.due(None, limit=100)
        if not rows:
            return done
        done += sum(running.run_row(row) for row in rows)
    raise AssertionError("tasks start tasks without end")
