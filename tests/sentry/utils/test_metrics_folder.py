"""The folder that processes share: made, named, removed, and left ones with it."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from sentry.utils.metrics_folder import VARIABLE, metrics_folder


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)


def test_it_is_there_inside_the_block() -> None:
    with metrics_folder():
        folder = Path(os.environ[VARIABLE])
        assert folder.stat().st_mode & 0o777 == 0o700
        with metrics_folder():
            assert os.environ[VARIABLE] == str(folder)
        assert folder.is_dir()
    assert not folder.exists()
    assert VARIABLE not in os.environ


def test_an_operators_own_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with metrics_folder():
        assert os.environ[VARIABLE] == str(tmp_path)
    assert tmp_path.is_dir()


def test_what_a_killed_parent_left_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    left = tmp_path / f"sentry-metrics-{ended.pid}-x"
    live = tmp_path / f"sentry-metrics-{os.getppid()}-x"
    other = tmp_path / "sentry-metrics-notes"
    for folder in (left, live, other):
        folder.mkdir()
    with metrics_folder():
        assert not left.exists()
        assert live.is_dir()
        assert other.is_dir()
