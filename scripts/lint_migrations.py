"""Checks that an app's migrations come one after the other and that the lockfile names the last.

Prints what is wrong; exit status 1 where something is.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sentry.db import migration_files
from sentry.db.migration_files import LOCKFILE, MigrationFilesError


def twice(top: Path) -> Iterator[str]:
    """The numbers that two migrations of an app share."""
    for app, folder in migration_files.folders(top).items():
        numbers = Counter(each.number for each in migration_files.read(folder, app).values())
        for number, times in numbers.items():
            if times > 1:
                yield f"{app}: {times} migrations have the number {number:04}"


def faults(top: Path) -> list[str]:
    """What is wrong with the migrations of a checkout."""
    try:
        found = list(twice(top))
        wanted = migration_files.lockfile(top)
    except MigrationFilesError as error:
        return [str(error)]
    if (top / LOCKFILE).read_text(encoding="utf-8") != wanted:
        found.append(f"{LOCKFILE} does not name the latest migration: write it with"
                     " `python scripts/lint_migrations.py --write`")  # fmt: skip
    return found


def main() -> int:
    """Checks, or with ``--write`` writes the lockfile of, the checkout that holds this script."""
    top = Path(__file__).resolve().parent.parent
    if "--write" in sys.argv[1:]:
        migration_files.write_lockfile(top)
        return 0
    found = faults(top)
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
