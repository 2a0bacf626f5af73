"""A process that used the async client ends in order, every time."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from .loopback import ScmBackend

FRESH = 20
FAMILIES = 2
CHILDREN = 90

# Each run ends with a stream half read, a task still running and, every other time, an open
# client. A family is one process that has imported everything and forks children, each of which
# runs the program and then ends like any interpreter: most of a fresh process's time is import.
PROGRAM = """
import asyncio, os, sys
from sentry_scm_client import AsyncScmClient

async def main(host, tidy):
    client = AsyncScmClient(host, "k", secure=False)
    await asyncio.gather(*(client.get_repository(n) for n in range(1, 3)))
    stream = client.stream_file_blame(1, "abcd", "a.py")
    await anext(stream)
    asyncio.create_task(client.list_repositories())
    await asyncio.sleep(0)
    if tidy:
        await stream.aclose()
        await client.aclose()

def family(host, children):
    for number in range(children):
        child = os.fork()
        if not child:
            return asyncio.run(main(host, number % 2 == 0))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

host, children = sys.argv[1], int(sys.argv[2])
if children > 1:
    family(host, children)
else:
    asyncio.run(main(host, children))
"""


def ends_of(host: str, children: int) -> list[int]:
    """The exit status of a process, or of each child of a family."""
    # Measuring the coverage of 200 processes would take longer than running them.
    environment = {key: text for key, text in os.environ.items() if not key.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, host, str(children)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [int(code) for code in done.stdout.split()] if children > 1 else [done.returncode]


@pytest.mark.slow
def test_no_process_aborts(host: str, backend: ScmBackend):
    tasks = [CHILDREN] * FAMILIES + [number % 2 for number in range(FRESH)]
    with ThreadPoolExecutor(2) as pool:
        ends = Counter(end for some in pool.map(lambda n: ends_of(host, n), tasks) for end in some)
    total = FRESH + FAMILIES * CHILDREN
    assert total == 200
    assert ends == {0: total}
    assert sum(seen.method == "GetRepository" for seen in backend.seen) == 2 * total
