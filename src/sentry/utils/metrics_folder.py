"""The folder in which processes that serve together share what they count.

The parent makes it before a child counts anything, names it in the environment, and removes it.
Folders that a killed parent left are removed by the next one. Nothing here imports the metrics:
they look at the environment once, when they are imported.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "sentry-metrics-"


@contextmanager
def metrics_folder() -> Iterator[None]:
    """A folder that is there for as long as the block runs, of the outermost block where nested.

    An operator's own, named in the environment, is left as it is.
    """
    if os.environ.get(VARIABLE):
        yield
        return
    _remove_left_ones()
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    try:
        yield
    finally:
        remove_metrics_folder()


def remove_metrics_folder() -> None:
    """Removes the folder that this process has made, if it has."""
    folder = Path(os.environ.get(VARIABLE, ""))
    if folder.name.startswith(f"{_PREFIX}{os.getpid()}-"):
        del os.environ[VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_ones() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}[0-9]*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and not _is_alive(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's now
        return True
    return True
