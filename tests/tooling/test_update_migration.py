"""Two branches add a migration each; a rebase, ``bin/update-migration``, and all is in order."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import lint_migrations, update_migration
from sentry.db import migration_files
from tests.live import BIN, PATIENCE, ROOT, git

LOCKFILE = migration_files.LOCKFILE
APP = "shop"
FIELD = "\n    {} = models.IntegerField(null=True)\n"


def migration(folder: Path, name: str, *needs: tuple[str, str]) -> None:
    """Writes a migration that depends on the (app, name) pairs."""
    text = f"class Migration:\n    dependencies = [{', '.join(map(repr, needs))}]\n"
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of an app with three of them, one after the other."""
    folder = tmp_path / "src" / APP / "migrations"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    migration(folder, "0001_initial", ("auth", "0001_initial"))
    migration(folder, "0002_orders", (APP, "0001_initial"))
    migration(folder, "0003_stock", (APP, "0002_orders"))
    migration_files.write_lockfile(tmp_path)
    return folder


def needs(folder: Path) -> dict[str, tuple[str, ...]]:
    return {name: each.needs for name, each in migration_files.read(folder, APP).items()}


def test_the_lockfile_names_the_latest_migration(folder: Path, tmp_path: Path) -> None:
    assert (tmp_path / LOCKFILE).read_text().endswith("\n\nshop: 0003_stock\n")
    assert lint_migrations.faults(tmp_path) == []


def test_an_old_lockfile_is_a_fault(folder: Path, tmp_path: Path) -> None:
    migration(folder, "0004_more", (APP, "0003_stock"))
    (fault,) = lint_migrations.faults(tmp_path)
    assert fault.startswith(f"{LOCKFILE} does not name the latest migration")


def test_two_latest_migrations_are_a_fault(folder: Path, tmp_path: Path) -> None:
    migration(folder, "0003_prices", (APP, "0002_orders"))
    (fault,) = lint_migrations.faults(tmp_path)
    assert "0003_prices and 0003_stock come after the same migration" in fault


def test_one_number_twice_is_a_fault(folder: Path, tmp_path: Path) -> None:
    migration(folder, "0003_zebra", (APP, "0003_stock"))
    assert "shop: 2 migrations have the number 0003" in lint_migrations.faults(tmp_path)


def test_a_missing_or_broken_migration_is_a_fault(folder: Path, tmp_path: Path) -> None:
    (folder / "0002_orders.py").unlink()
    assert "depends on 0002_orders, which is not there" in lint_migrations.faults(tmp_path)[0]
    (folder / "0002_orders.py").write_text("<<<<<<< ours\n")
    assert "resolve its conflict first" in lint_migrations.faults(tmp_path)[0]
    (folder / "0002_orders.py").write_text("operations = []\n")
    assert "has no list of dependencies" in lint_migrations.faults(tmp_path)[0]


def test_a_migration_and_its_followers_move_together(folder: Path, tmp_path: Path) -> None:
    migration(folder, "0003_prices", (APP, "0002_orders"), ("auth", "0003_prices"))
    migration(folder, "0004_taxes", (APP, "0003_prices"))
    moved = update_migration.update(tmp_path, "0003_prices", APP)
    assert moved == {"0003_prices": "0004_prices", "0004_taxes": "0005_taxes"}
    assert needs(folder) == {
        "0001_initial": (),
        "0002_orders": ("0001_initial",),
        "0003_stock": ("0002_orders",),
        "0004_prices": ("0003_stock",),
        "0005_taxes": ("0004_prices",),
    }
    assert "('auth', '0003_prices')" in (folder / "0004_prices.py").read_text()
    assert lint_migrations.faults(tmp_path) == []


def test_a_later_commit_of_the_branch_finds_its_renamed_parent(
    folder: Path, tmp_path: Path
) -> None:
    migration(folder, "0004_prices", (APP, "0003_stock"))  # was 0003 when the next was made
    migration(folder, "0004_taxes", (APP, "0003_prices"))
    assert update_migration.update(tmp_path, "0004_taxes", APP) == {"0004_taxes": "0005_taxes"}
    assert needs(folder)["0005_taxes"] == ("0004_prices",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("0009 shop", "shop: number 0009 could be none: give the whole name"),
        ("0009_none shop", "shop has no migration 0009_none"),
        ("0001 post", "no app post has migrations: shop have"),
        ("0001 shop", "shop: nothing is before 0001_initial"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, asked: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update_migration.main(asked.split(), tmp_path) == 1
    assert capsys.readouterr().err == f"update-migration: {told}\n"


def test_a_number_that_both_have_means_the_new_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=theirs")
    migration(folder, "0003_prices", (APP, "0002_orders"))
    assert update_migration.main(["3", APP], tmp_path) == 0
    assert capsys.readouterr().out.startswith("0003_prices -> 0004_prices\n")


class Clone:
    """A checkout with the platform's code, in which two people work."""

    def __init__(self, top: Path) -> None:
        self.top = top
        shutil.copytree(ROOT / "src", top / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("scripts/update_migration.py", "bin/update-migration", ".gitignore", LOCKFILE):
            (top / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, top / name)
        (top / ".venv").symlink_to(BIN.parent)
        git(top, "init", "--quiet", "--initial-branch=main")
        self.commit()

    def commit(self) -> None:
        git(self.top, "add", "--all", "src", LOCKFILE)
        git(self.top, "commit", "--quiet", "--message=a change")

    def run(self, *command: str, status: int = 0) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.top / "src"),
            "SENTRY_HOME": str(self.top / "home"),
        }
        done = subprocess.run(
            command, cwd=self.top, env=environment, capture_output=True, text=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def django(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "sentry.runner.main", "django", *arguments)

    def add_field(self, model: str, field: str) -> str:
        """Adds a field to a model and commits its migration; gives the lockfile's last line."""
        path = self.top / f"src/sentry/models/{model}.py"
        text = path.read_text(encoding="utf-8")
        at = text.index("\n    class Meta:")
        path.write_text(text[:at] + FIELD.format(field) + text[at:], encoding="utf-8")
        self.django("makemigrations", "--name", f"{model}_{field}")
        self.commit()
        return self.lock()

    def lock(self) -> str:
        return (self.top / LOCKFILE).read_text(encoding="utf-8").splitlines()[-1]


def test_a_rebase_with_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    clone = Clone(tmp_path)
    number = int(clone.lock().removeprefix("sentry: ")[:4])
    git(clone.top, "switch", "--quiet", "--create=mine")
    assert clone.add_field("team", "mine") == f"sentry: {number + 1:04}_team_mine"
    git(clone.top, "switch", "--quiet", "main")
    assert clone.add_field("project", "theirs") == f"sentry: {number + 1:04}_project_theirs"

    git(clone.top, "switch", "--quiet", "mine")
    with pytest.raises(subprocess.CalledProcessError):
        git(clone.top, "rebase", "main")
    assert git(clone.top, "diff", "--name-only", "--diff-filter=U") == f"{LOCKFILE}\n"
    told = clone.run("bin/update-migration", f"{number + 1:04}", "sentry")
    assert told.startswith(f"{number + 1:04}_team_mine -> {number + 2:04}_team_mine\n")
    git(clone.top, "add", "--all", "src", LOCKFILE)
    git(clone.top, "-c", "core.editor=true", "rebase", "--continue")

    assert clone.lock() == f"sentry: {number + 2:04}_team_mine"
    assert lint_migrations.faults(clone.top) == []
    assert "No changes detected" in clone.django("makemigrations", "--check")
    planned = clone.django("showmigrations", "sentry").split()
    assert planned[-2:] == ["]", f"{number + 2:04}_team_mine"]
