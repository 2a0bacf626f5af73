"""The recipe of ``docs/adding-a-task.md``, word for word, in a copy of the platform."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.docs import pages

PAGE = "docs/adding-a-task.md"
SHELL = "from sentry.runner import configure\nconfigure()\n"


def block(mark: str) -> str:
    """The fenced block after a mark, which stands inside a list."""
    found = re.search(
        rf"^ *<!-- tested: {re.escape(mark)} -->\n *```python\n(.*?)^ *```",
        pages.text(PAGE), re.DOTALL | re.MULTILINE,
    )  # fmt: skip
    assert found, f"{PAGE} has no block marked {mark!r}"
    return textwrap.dedent(found.group(1))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform with the new task, as the recipe's reader leaves it."""
    top = tmp_path_factory.mktemp("recipe")
    keep_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(pages.TOP / "src/sentry", top / "src/sentry", ignore=keep_out)
    (top / "tests/sentry/tasks").mkdir(parents=True)
    shutil.copy(pages.TOP / "pyproject.toml", top)
    for name in ("src/sentry/tasks/teams.py", "tests/sentry/tasks/test_teams.py"):
        (top / name).write_text(block(name), encoding="utf-8")
    package = top / "src/sentry/tasks/__init__.py"
    lines = package.read_text(encoding="utf-8") + block("src/sentry/tasks/__init__.py")
    package.write_text(lines, encoding="utf-8")
    return top


def run(top: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "SENTRY_HOME": str(top / "home"),
        "PYTHONPATH": str(top / "src"),
    }
    done = subprocess.run(
        [sys.executable, *command],
        cwd=top, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_recipes_test_passes(copy: Path) -> None:
    done = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sentry/tasks/test_teams.py"
    )
    assert "2 passed" in done.stdout


def test_the_recipes_start_is_run_by_a_worker(copy: Path) -> None:
    run(copy, "-m", "sentry.runner.main", "init")
    work = (
        "from sentry.testutils.tasks import run_due_tasks\nfrom sentry.models import Team\n"
        "assert not Team.objects.exists()\nassert run_due_tasks() == 1\n"
        "assert Team.objects.get().organization_id == made.id\n"
    )
    run(copy, "-c", SHELL + block("start") + work)
