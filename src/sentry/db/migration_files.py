"""Migrations as files of a checkout, and the lockfile that names the latest of each app.

Two branches that add a migration each change the same line of the lockfile, so that git reports
what it would not see otherwise: two migrations after the same one. ``bin/update-migration`` then
puts one behind the other. Nothing here loads Django's settings or a migration.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

LOCKFILE = "migrations_lockfile.txt"
_HEAD = """\
# The latest migration of each app. `sentry django makemigrations` writes this file.
# A conflict here means that two branches added a migration: rebase, then run
# ./bin/update-migration <migration_name_or_number> <app_label>

"""
_NAME = re.compile(r"\d{4}_\w+")


class MigrationFilesError(ValueError):
    """The migrations of an app are not one after the other; the text says which and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationFile:
    """A migration as it is written: ``needs`` are those of its own app that it depends on."""

    path: Path
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        """The migration's name, such as ``0001_initial``."""
        return self.path.stem

    @property
    def number(self) -> int:
        """The number that its name begins with."""
        return int(self.name[:4])


def checkout() -> Path | None:
    """The top of the checkout that this module stands in; None for an installed package."""
    top = Path(__file__).resolve().parents[3]
    return top if (top / LOCKFILE).is_file() else None


def folders(top: Path) -> dict[str, Path]:
    """Where the migrations of each app are, by the app's label."""
    found = sorted((top / "src").glob("**/migrations/__init__.py"))
    return {path.parent.parent.name: path.parent for path in found}


def read(folder: Path, app: str) -> dict[str, MigrationFile]:
    """The migrations in an app's folder, by name, in the order of their names.

    Raises:
        MigrationFilesError: one is not Python, or has no list of dependencies.
    """
    paths = sorted(path for path in folder.glob("*.py") if _NAME.fullmatch(path.stem))
    return {path.stem: MigrationFile(path=path, needs=_needs(path, app)) for path in paths}


def _needs(path: Path, app: str) -> tuple[str, ...]:
    node = dependencies_node(path.read_text(encoding="utf-8"), path.name)
    found: list[str] = []
    for each in ast.walk(node):
        match each:
            case ast.Tuple(elts=[ast.Constant(value=label), ast.Constant(value=str() as name)]):
                found += [name] if label == app else []
    return tuple(found)


def dependencies_node(text: str, name: str) -> ast.expr:
    """The value of ``dependencies`` in a migration's text.

    Raises:
        MigrationFilesError: there is none.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise MigrationFilesError(f"{name} is not Python: resolve its conflict first") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "dependencies":
            return node.value
    raise MigrationFilesError(f"{name} has no list of dependencies")


def latest(migrations: Mapping[str, MigrationFile], app: str) -> str:
    """The name of the one migration that no other one of the app comes after.

    Raises:
        MigrationFilesError: there is none, or several, or one depends on a missing one.
    """
    needed = {name for each in migrations.values() for name in each.needs}
    if missing := sorted(needed - set(migrations)):
        raise MigrationFilesError(f"{app}: a migration depends on {missing[0]}, which is not there")
    leaves = sorted(set(migrations) - needed)
    if len(leaves) != 1:
        raise MigrationFilesError(
            f"{app}: {_words(leaves)} come after the same migration:"
            f" run ./bin/update-migration <the later one> {app}"
        )
    return leaves[0]


def _words(names: Iterable[str]) -> str:
    return " and ".join(names) or "no migrations"


def lockfile(top: Path) -> str:
    """What the lockfile of a checkout must hold.

    Raises:
        MigrationFilesError: the migrations of an app are not one after the other.
    """
    lines = [
        f"{app}: {latest(read(folder, app), app)}\n" for app, folder in sorted(folders(top).items())
    ]
    return _HEAD + "".join(lines)


def write_lockfile(top: Path) -> None:
    """Writes the lockfile of a checkout.

    Raises:
        MigrationFilesError: the migrations of an app are not one after the other.
    """
    (top / LOCKFILE).write_text(lockfile(top), encoding="utf-8")
