"""A process that used the async client ends in order, every time."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from .loopback import ScmBackend

PROCESSES = 200

# Ends with a stream half read, a task still running and, every other time, an open client.
PROGRAM = """
import asyncio, sys
from sentry_scm_client import AsyncScmClient

async def main(host, tidy):
    client = AsyncScmClient(host, "k", secure=False)
    await asyncio.gather(*(client.get_repository(n) for n in range(1, 4)))
    stream = client.stream_file_blame(1, "abcd", "a.py")
    await anext(stream)
    asyncio.create_task(client.list_repositories())
    await asyncio.sleep(0)
    if tidy:
        await stream.aclose()
        await client.aclose()

asyncio.run(main(sys.argv[1], sys.argv[2] == "tidy"))
"""


def end_of_one(host: str, number: int) -> tuple[int, str]:
    how = "tidy" if number % 2 else "untidy"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, host, how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.slow
def test_no_process_aborts(host: str, backend: ScmBackend):
    with ThreadPoolExecutor(2) as pool:
        ends = Counter(pool.map(lambda n: end_of_one(host, n), range(PROCESSES)))
    assert {code for code, _ in ends} == {0}, ends
    assert sum(ends.values()) == PROCESSES
    assert sum(seen.method == "GetRepository" for seen in backend.seen) == 3 * PROCESSES
