"""When a floor of coverage fails a run, and when it is only printed."""

import json
from pathlib import Path

import pytest

from scripts import coverage_floors

COVERED = {"covered_lines": 96, "covered_branches": 96, "num_statements": 100, "num_branches": 100}
BARE = {"covered_lines": 50, "covered_branches": 0, "num_statements": 100, "num_branches": 100}
SKIPPED = '<testcase><skipped message="needs redis, which was not found"/></testcase>'


def report(folder: Path, *, bare: str | None = None, tests: str = "") -> Path:
    """A run in which every area is well covered but the one named."""
    files = {
        f"{area.prefix}module.py": {"summary": BARE if area.name == bare else COVERED}
        for area in coverage_floors.AREAS
    }
    (folder / "coverage.json").write_text(json.dumps({"files": files}), encoding="utf-8")
    suite = f'<testsuites><testsuite tests="1" failures="0" errors="0" skipped="0" time="2.5">{tests}</testsuite></testsuites>'
    (folder / "sqlite.xml").write_text(suite, encoding="utf-8")
    return folder


def test_all_floors_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage_floors.main(report(tmp_path)) == 0
    assert "below" not in capsys.readouterr().out


@pytest.mark.parametrize("area", coverage_floors.AREAS, ids=lambda area: area.name)
def test_each_area_has_its_own_floor(area: coverage_floors.Area, tmp_path: Path) -> None:
    assert coverage_floors.main(report(tmp_path, bare=area.name)) == 1


def test_lines_and_branches_count_alike(tmp_path: Path) -> None:
    shares = coverage_floors.shares(report(tmp_path, bare="the room") / "coverage.json")
    assert shares["the room"] == pytest.approx(25)
    assert shares["gRPC door"] == pytest.approx(96)


def test_a_missing_service_excuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage_floors.main(report(tmp_path, bare="the room", tests=SKIPPED)) == 0
    printed = capsys.readouterr().out
    assert "below its floor" in printed
    assert "skipped 1: needs redis" in printed


def test_another_skip_does_not_excuse(tmp_path: Path) -> None:
    other = '<testcase><skipped message="only on PostgreSQL"/></testcase>'
    assert coverage_floors.main(report(tmp_path, bare="the room", tests=other)) == 1
