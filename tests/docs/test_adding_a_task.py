"""The recipe of ``docs/adding-a-task.md``, word for word, in a copy of the platform."""

import re
from pathlib import Path

import pytest

from tests.docs import pages, recipe

PACKAGE = "src/sentry/tasks/__init__.py"
TEST = "tests/sentry/tasks/test_teams.py"
SHELL = "from sentry.runner import configure\nconfigure()\n"


def block(mark: str) -> str:
    return recipe.block("docs/adding-a-task.md", f"tested: {mark}")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform with the new task, as the recipe's reader leaves it."""
    top = recipe.copy_platform(tmp_path_factory.mktemp("recipe"))
    recipe.add_files(top, {name: block(name) for name in ("src/sentry/tasks/teams.py", TEST)})
    docstring = (top / PACKAGE).read_text(encoding="utf-8").partition("from ")[0]
    (top / PACKAGE).write_text(docstring + block(PACKAGE), encoding="utf-8")
    return top


def test_the_recipes_package_keeps_what_is_there(copy: Path) -> None:
    def exported(top: Path) -> set[str]:
        source = (top / PACKAGE).read_text(encoding="utf-8")
        return set(re.findall(r'"(\w+)"', source.partition("__all__")[2]))

    assert exported(copy) == {*exported(pages.TOP), "welcome_organization"}


def test_the_recipe_is_in_the_style_of_the_project(copy: Path) -> None:
    recipe.check_style(copy)


def test_the_recipes_test_passes(copy: Path) -> None:
    assert "2 passed" in recipe.run_tests(copy, TEST)


def test_the_recipes_start_is_run_by_a_worker(copy: Path) -> None:
    recipe.run(copy, "-m", "sentry.runner.main", "init")
    work = (
        "from sentry.testutils.tasks import run_due_tasks\nfrom sentry.models import Team\n"
        "assert not Team.objects.exists()\nassert run_due_tasks() == 1\n"
        "assert Team.objects.get().organization_id == made.id\n"
    )
    recipe.run(copy, "-c", SHELL + block("start") + work)
