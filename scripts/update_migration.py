"""Puts a migration of a branch, and those after it, behind the ones that came in by a rebase.

Gives it the next free number, changes the dependencies of every migration that names it, and
writes the lockfile. Changes files alone: git is asked which migration is new, and told nothing.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sentry.db import migration_files
from sentry.db.migration_files import MigrationFile, MigrationFilesError

type Migrations = Mapping[str, MigrationFile]


def is_new(path: Path) -> bool:
    """Whether the commit that is checked out does not hold the file yet."""
    asked = subprocess.run(
        ["git", "cat-file", "-e", f"HEAD:./{path.name}"], cwd=path.parent, capture_output=True,
        check=False,
    )  # fmt: skip
    return asked.returncode != 0


def chosen(migrations: Migrations, asked: str, app: str) -> str:
    """The migration of this name or number; of several with the number, the one that is new.

    Raises:
        MigrationFilesError: there is none, or it is not clear which.
    """
    if asked in migrations:
        return asked
    if not asked.isdigit():
        raise MigrationFilesError(f"{app} has no migration {asked}")
    found = [name for name, each in migrations.items() if each.number == int(asked)]
    if len(found) > 1:
        found = [name for name in found if is_new(migrations[name].path)] or found
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise MigrationFilesError(f"{app}: number {asked} could be {names}: give the whole name")
    return found[0]


def with_followers(migrations: Migrations, first: str) -> list[str]:
    """The migration and all that come after it, in their order."""
    moved = [first]
    for name in moved:  # it grows: the followers of a follower are looked for too
        moved += [
            other for other, each in migrations.items() if name in each.needs and other not in moved
        ]
    return moved


def renamed(text: str, app: str, names: Mapping[str, str], file: str) -> str:
    """A migration's text with other names of the app's migrations in its dependencies."""
    node = migration_files.dependencies_node(text, file)
    before = ast.get_source_segment(text, node) or ""
    pair = re.compile(rf"""(["']{app}["'],\s*["'])(\w+)(?=["'])""")
    after = pair.sub(lambda found: found[1] + names.get(found[2], found[2]), before)
    return text.replace(before, after, 1)


def update(top: Path, asked: str, app: str) -> dict[str, str]:
    """Moves the migration; gives the new name of each that moved.

    Raises:
        MigrationFilesError: no such app or migration, or it is not clear what comes before it.
    """
    folders = migration_files.folders(top)
    if app not in folders:
        raise MigrationFilesError(f"no app {app} has migrations: {', '.join(folders)} have")
    migrations = migration_files.read(folders[app], app)
    moved = with_followers(migrations, chosen(migrations, asked, app))
    rest = {name: each for name, each in migrations.items() if name not in moved}
    if not rest:
        raise MigrationFilesError(f"{app}: nothing is before {moved[0]}")
    before = migration_files.latest(rest, app)
    number = rest[before].number
    new = {name: f"{number + n:04}{name[4:]}" for n, name in enumerate(moved, start=1)}
    parents = dict.fromkeys(migrations[moved[0]].needs, before)
    first = migrations[moved[0]].path
    for path in (path for folder in folders.values() for path in folder.glob("[0-9]*.py")):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            renamed(text, app, parents if path == first else new, path.name), encoding="utf-8"
        )
    # From the last to the first, so that no name is taken that is yet to be given up.
    for name in reversed(moved):
        migrations[name].path.rename(migrations[name].path.with_stem(new[name]))
    migration_files.write_lockfile(top)
    return new


def main(arguments: Sequence[str], top: Path) -> int:
    """Parses the command line; exit status 1 with one line where it cannot be done."""
    parser = argparse.ArgumentParser(prog="update-migration", description=__doc__)
    parser.add_argument("migration", metavar="migration_name_or_number")
    parser.add_argument("app", metavar="app_label")
    asked = parser.parse_args(arguments)
    try:
        moved = update(top, asked.migration, asked.app)
    except MigrationFilesError as error:
        print(f"update-migration: {error}", file=sys.stderr)
        return 1
    for old, new in moved.items():
        print(f"{old} -> {new}" if old != new else f"{old} stays")
    print(f"{migration_files.LOCKFILE} is written; `git add` it and the migrations")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
