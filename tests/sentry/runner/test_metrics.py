"""What several processes of a server count is summed, and nothing of it is left behind."""

import signal
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from sentry.testutils.metrics import samples, value_of
from tests.live import BIN, PATIENCE, running

SENTRY = str(BIN / "sentry")
REQUESTS = 60


def counted(url: str) -> float:
    found = samples(httpx.get(f"{url}/_metrics", timeout=PATIENCE).raise_for_status().text)
    labels = {"endpoint": "sentry-health", "method": "GET", "status": "200"}
    return value_of(found, "sentry_rest_duration_seconds_count", **labels)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_all_workers_count_together(
    environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    web = [SENTRY, "run", "web", "--port", "0", "--no-tasks"]
    command = [*web, "--server", server, "--workers", "2"]
    with running(command, {**environment, "TMPDIR": str(temporary)}, tmp_path) as program:
        for _ in range(REQUESTS):  # each on a connection of its own, so that both workers get some
            answer = httpx.get(f"{program.url}/_health/", timeout=PATIENCE)
            assert answer.status_code == 200
            assert len(answer.headers["x-request-id"]) == 32
        assert counted(program.url) == REQUESTS
        (folder,) = temporary.glob("sentry-metrics-*")
        assert len(list(folder.glob("histogram_*.db"))) == 2
        forwarded = httpx.get(f"{program.url}/_metrics", headers={"x-forwarded-for": "127.0.0.1"})
        assert forwarded.status_code == 404
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE) == 0
    assert not folder.exists()
