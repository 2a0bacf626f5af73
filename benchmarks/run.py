"""Runs the measurements: ``python -m benchmarks.run [NAME]``.

Without a name all of them. Exit status 1 where a bar is missed or a precondition did not hold, 2
for a name that does not exist.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable

from benchmarks import guest, in_process, lists, mirrors, seed, served, sync, tasks
from benchmarks.report import Figure

type Measurement = Callable[[seed.Seed], Iterable[Figure]]

# Each measurement with the figures that it gives.
MEASUREMENTS: tuple[tuple[Measurement, tuple[str, ...]], ...] = (
    (in_process.rpc_over_action, ("rpc_over_action", "action_over_orm_get")),
    (in_process.rpc_signed_overhead, ("rpc_signed_overhead_us",)),
    (in_process.rest_through_porch, ("rest_through_porch_over_django",)),
    (
        in_process.sql_statements,
        ("sql_get_repository_cold", "sql_get_repository_warm", "sql_list_repositories_spread"),
    ),
    (lists.rest_lists, ("rest_list_sql_spread", "rest_list_sql_most")),
    (in_process.list_pages, ("list_page_deep_over_first",)),
    (in_process.list_queries, ("list_query_p50_ms", "list_short_query_p50_ms")),
    (
        mirrors.blames,
        ("mirror_clone_requests", "mirror_cold_blame_requests", "mirror_blame_over_git"),
    ),
    (served.drf_yardstick, ("rpc_over_drf_yardstick", "rest_over_drf_yardstick")),
    (served.native_grpc, ("rpc_over_native_grpc",)),
    (served.memory, ("rss_web_mb", "rss_web_growth_pct")),
    (tasks.enqueue, ("task_enqueue_over_celery", "task_row_and_enqueue_us")),
    (tasks.embedded, ("embedded_tasks_per_second",)),
    (tasks.memory, ("rss_all_mb",)),
    (sync.repositories, ("sync_sql_per_page", "sync_rss_growth_mb", "sync_seconds")),
    (guest.cached, ("blame_cached_over_uncached",)),
    (guest.single_flight, ("single_flight_requests",)),
    (
        guest.batches,
        (
            "batch_blame_requests",
            "batch_blame_requests_per_file_max",
            "batch_blame_requests_per_file_cold_max",
        ),
    ),
)


def measure(measurement: Measurement, only: str | None) -> bool:
    """Prints a measurement's figures, or only the named one; whether all are good."""
    good = True
    for figure in measurement(seed.seeded()):
        if only in (None, figure.name):
            print(figure.line(), flush=True)
            good &= figure.good
    return good


def measure_each() -> bool:
    """Every measurement in a process of its own, so that none warms up another."""
    good = True
    for _, names in MEASUREMENTS:
        command = [sys.executable, "-m", "benchmarks.run", f"+{names[0]}"]
        good &= subprocess.run(command, check=False, cwd=seed.TOP).returncode == 0
    return good


def main(arguments: list[str]) -> int:
    """Runs what the arguments name; a leading ``+`` means all figures of that measurement."""
    seed.seeded()
    if not arguments:
        return 0 if measure_each() else 1
    name = arguments[0]
    chosen = [each for each, names in MEASUREMENTS if name.removeprefix("+") in names]
    if not chosen:
        known = " ".join(name for _, names in MEASUREMENTS for name in names)
        print(f"bench: no figure {name}; there are {known}", file=sys.stderr)
        return 2
    return 0 if measure(chosen[0], None if name.startswith("+") else name) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
