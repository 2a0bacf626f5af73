"""One version for all packages."""

import re
import tomllib
from pathlib import Path

import pytest

import forge_emulator
import sentry
import sentry_scm_client

TOP = Path(__file__).resolve().parents[2]
PROJECTS = [TOP, *sorted((TOP / "packages").iterdir())]


def test_all_packages_have_the_same_version() -> None:
    assert sentry.__version__ == sentry_scm_client.__version__ == forge_emulator.__version__


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_no_package_can_be_published_to_a_public_index(project: Path) -> None:
    facts = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "Private :: Do Not Upload" in facts["classifiers"]
    assert facts["license"] == "Apache-2.0"


def test_the_rpc_library_is_pinned() -> None:
    wanted = (TOP / "requirements/base.in").read_text(encoding="utf-8")
    assert re.search(r"^connectrpc==[\d.]+$", wanted, re.MULTILINE)


@pytest.mark.parametrize("name", ["bootstrap", "base", "dev"])
def test_every_locked_requirement_has_hashes(name: str) -> None:
    locked = (TOP / f"requirements/{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", locked, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
