"""Names that the platform's first plans show stay importable under those names.

Each exception is a row of ``docs/decisions/005-names-of-the-first-plans.md``, which says what stands
in its place. A row whose name can be imported after all fails, so that the page stays true.
"""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/decisions/005-names-of-the-first-plans.md"

NAMES = Path(__file__).with_name("seed_names.txt").read_text(encoding="utf-8").split()


def find(name: str) -> object:
    """The object of a dotted name: its longest part that is a module, then attributes."""
    parts = name.split(".")
    found: object = import_module(parts[0])
    for depth, part in enumerate(parts[1:], start=2):
        if not hasattr(found, part):
            import_module(".".join(parts[:depth]))
        found = getattr(found, part)
    return found


def excepted() -> set[str]:
    """The names in the first column of the decision's table."""
    return set(
        re.findall(r"^\| `(sentry[\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("name", sorted(set(NAMES) - excepted()))
def test_the_name_can_be_imported(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize("name", sorted(excepted()))
def test_an_exception_is_still_one(name: str) -> None:
    assert name in NAMES, "the page excepts a name that no plan shows"
    with pytest.raises((ImportError, AttributeError)):
        find(name)


COMMANDS = (
    "from sentry.integrations.grpc.services import ScmServicer; ScmServicer()",
    "from sentry.integrations.grpc.interceptors import AuthenticationInterceptor",
    "from sentry.wsgi import application",
    "from sentry_scm_client import ScmClient",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_plans_own_checks_hold_in_a_fresh_process(command: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "SENTRY_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", command],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
