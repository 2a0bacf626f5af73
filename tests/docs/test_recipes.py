"""The recipe for an endpoint is tried word for word: its files make a package, its tests run."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.docs import pages

PAGE = "docs/adding-an-endpoint.md"
_BLOCK = re.compile(
    r"^   <!-- recipe: (\S+) -->\n   ```python\n(.*?)^   ```$", re.DOTALL | re.MULTILINE
)
# What the recipe says to add to files of the platform is added here to what these files make.
_SETTLED = """
import pytest
from django.test import override_settings

from sentry.auth import policy


@pytest.fixture(autouse=True)
def recipe(monkeypatch):
    for name, methods in {policy}.items():
        monkeypatch.setitem(policy.REST, name, methods)
    with override_settings(ROOT_URLCONF="example.urls"):
        yield
"""


def files() -> dict[str, str]:
    """The blocks of the page, by the names of their files."""
    return {name: textwrap.dedent(code) for name, code in _BLOCK.findall(pages.text(PAGE))}


def test_the_recipe_for_an_endpoint_works_word_for_word(tmp_path: Path) -> None:
    recipe = files()
    policy = recipe.pop("policy")
    assert set(recipe) == {
        "actions/group_counts.py",
        "serializers/group_counts.py",
        "endpoints/group_counts.py",
        "urls.py",
        "tests/test_group_counts.py",
    }
    for name, code in recipe.items():
        target = tmp_path / "example" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code, encoding="utf-8")
    settled = _SETTLED.replace("{policy}", policy.strip())
    (tmp_path / "example/tests/conftest.py").write_text(settled, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"),
            *("-c", str(pages.TOP / "pyproject.toml"), "--rootdir", str(tmp_path)),
            str(tmp_path / "example/tests"),
        ],
        cwd=tmp_path,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
            "PYTHONPATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
