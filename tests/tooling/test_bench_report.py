"""The lines of ``make bench``."""

import math

import pytest

from benchmarks import run
from benchmarks.guest import batch_figures
from benchmarks.report import Figure, at_least, at_most, exactly, ratio_of_rounds


@pytest.mark.parametrize(
    ("figure", "line", "good"),
    [
        (Figure(name="a", value=1.25, unit="us"), "bench a 1.25 us", True),
        (Figure(name="a", value=1.5, unit="ratio", bar=at_most(1.5)), "bench a 1.5 ratio <= 1.5 ok", True),
        (Figure(name="a", value=1.6, unit="ratio", bar=at_most(1.5)), "bench a 1.6 ratio <= 1.5 FAIL", False),
        (Figure(name="a", value=0.9, unit="ratio", bar=at_least(1)), "bench a 0.9 ratio >= 1 FAIL", False),
        (Figure(name="a", value=0, unit="statements", bar=exactly(0)), "bench a 0 statements == 0 ok", True),
        (
            Figure(name="a", value=2, unit="ratio", bar=at_least(1), invalid="a server was idle"),
            "bench a 2 ratio INVALID a server was idle",
            False,
        ),
    ],
)  # fmt: skip
def test_a_figure_prints_its_value_and_its_bar(figure: Figure, line: str, good: bool) -> None:
    assert (figure.line(), figure.good) == (line, good)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert ratio_of_rounds([(2, 1), (100, 1), (3, 1)]) == 3


def test_a_batch_is_counted_by_its_files_and_not_by_its_lines() -> None:
    """15 and 4 requests for 10 files are 1.5 and 0.4 for each; GitHub's batch is counted whole."""
    files = [f"{number}.py" for number in range(10)]
    warm = {"github": 1, "gitlab": 10, "bitbucket": 15, "vsts": 4}
    told = list(batch_figures(warm, {**warm, "vsts": 40}, files=files))
    assert [figure.line() for figure in told] == [
        "bench batch_blame_requests 1 requests == 1 ok",
        "bench batch_blame_requests_per_file_max 1.5 requests <= 1 FAIL",
        "bench batch_blame_requests_per_file_cold_max 4 requests",
    ]
    _, most, _ = batch_figures({"github": 1, "gitlab": 10}, {"github": 1}, files=files)
    assert (most.value, most.good) == (1, True)


def test_a_batch_with_a_wrong_answer_is_no_figure() -> None:
    for warm, cold in ((1, math.inf), (math.inf, 1)):
        told = batch_figures({"github": 1, "gitlab": warm}, {"github": cold}, files=["a.py"])
        assert {(figure.good, figure.invalid) for figure in told} == {(False, "git blames others")}


def test_an_unknown_name_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.seed.seeded", lambda: None)
    assert run.main(["nothing"]) == 2
    assert "no figure nothing" in capsys.readouterr().err


def test_every_figure_that_must_be_reached_is_measured() -> None:
    measured = {name for _, names in run.MEASUREMENTS for name in names}
    assert measured == {
        "rpc_over_action", "action_over_orm_get", "rpc_signed_overhead_us",
        "rpc_over_drf_yardstick", "rest_over_drf_yardstick", "rpc_over_native_grpc",
        "rest_through_porch_over_django", "sql_get_repository_cold", "sql_get_repository_warm",
        "sql_list_repositories_spread", "list_page_deep_over_first", "list_query_p50_ms",
        "list_short_query_p50_ms", "rss_web_mb", "rss_web_growth_pct",
        "task_enqueue_over_celery", "task_row_and_enqueue_us", "embedded_tasks_per_second",
        "mirror_clone_requests", "mirror_cold_blame_requests", "mirror_blame_over_git",
        "sync_sql_per_page", "sync_rss_growth_mb", "sync_seconds",
        "rss_all_mb", "rest_list_sql_spread", "rest_list_sql_most",
        "blame_cached_over_uncached", "single_flight_requests", "batch_blame_requests",
        "batch_blame_requests_per_file_max", "batch_blame_requests_per_file_cold_max",
    }  # fmt: skip
