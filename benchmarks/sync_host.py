"""A GitHub of 10,000 repositories, in a process of its own: ``python -m benchmarks.sync_host DIR``.

The emulator, whose repositories are all the one in the folder. What it asks git about that for its
lists is asked once. Prints its URL when it listens; ends when its standard input does.
"""

import sys
from contextlib import ExitStack
from functools import cache
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from benchmarks import seed
from forge_emulator import Emulator, HostedRepository, git

REPOSITORIES = 10_000
TOKEN = "ghp_bench_sync"


def main(folder: Path) -> None:
    """Serves until nobody listens any more."""
    names = islice(seed.names(), REPOSITORIES)
    hosted = [
        HostedRepository(full_name=name, path=folder, id=number, private=True)
        for number, name in enumerate(names, start=1)
    ]
    with ExitStack() as stack:
        for name in ("find_git_dir", "newest_time", "disk_usage"):
            stack.enter_context(patch.object(git, name, cache(getattr(git, name))))
        tokens = {TOKEN: ("bench", "repo")}
        host = stack.enter_context(Emulator("github", hosted, tokens=tokens, rate_limit=None))
        print(host.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
