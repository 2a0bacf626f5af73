"""What makes later blames on a mirror faster.

All of it is optional: it takes a part of the time that is left, and what fails or takes longer is
left out.
"""

import logging
import time
from contextlib import suppress

from sentry.integrations.source_code_management.errors import DeadlineExceeded
from sentry.integrations.source_code_management.mirror_git import Git, GitFailedError
from sentry.utils import deadline

logger = logging.getLogger(__name__)

_MOST_SECONDS = 10.0
_PART_OF_TIME = 0.25
_PACKS_PER_INDEX = 20
# The history of a path is then found without reading most trees. Filters are many seconds of work
# in large repositories; each refresh adds so many.
_GRAPH = ("commit-graph", "write", "--reachable", "--split", "--changed-paths", "--no-progress")
_FILTERS = "--max-new-filters=50000"


def after_refs(git: Git) -> None:
    """After branches and tags were fetched: one file of names, and an index of commits."""
    _in_time(git, ("pack-refs", "--all"), (*_GRAPH, _FILTERS))


def after_contents(git: Git) -> None:
    """After contents were fetched: one index over many packs."""
    packs = sum(1 for _ in (git.git_dir / "objects/pack").glob("*.pack"))
    if packs % _PACKS_PER_INDEX == 0:
        _in_time(git, ("multi-pack-index", "write", "--no-progress"))


def _in_time(git: Git, *commands: tuple[str, ...]) -> None:
    left = deadline.remaining(_MOST_SECONDS)
    end = time.monotonic() + min(_MOST_SECONDS, _PART_OF_TIME * left)
    with suppress(DeadlineExceeded), deadline.deadline_at(end):
        for command in commands:
            try:
                git(*command)
            except GitFailedError as failure:
                facts = {"command": command[0], "status": failure.status}
                logger.info("mirror.upkeep_failed", extra=facts)
