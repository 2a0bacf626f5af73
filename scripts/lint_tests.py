"""Looks for tests that make rows by hand instead of by a factory.

A model that gains a column changes one ``create_*`` of ``sentry.testutils.factories``, not every
test. Prints each place; exit status 1 where there is one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = re.compile(r"(^|/)tests/.*\.py$")
MAKING = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "a")
    for name in ("create", "get_or_create", "update_or_create", "bulk_create")
)
MANAGERS = frozenset({"objects", "_default_manager"})

# What may be, by file and call, and why.
ALLOWED = {
    (
        "tests/sentry/auth/test_nonces.py",
        "objects.bulk_create",
    ): "10,000 rows, which a factory would make one by one",
    ("tests/sentry/integrations/grpc/test_lists.py", "objects.bulk_create"): "1,001 rows, likewise",
    (
        "tests/sentry/integrations/source_code_management/actions/test_repositories.py",
        "objects.bulk_create",
    ): "1,001 rows, likewise",
    (
        "tests/sentry/models/test_fields_and_ids.py",
        "Organization(…).save",
    ): "tests what saving does with an id that is taken",
    (
        "tests/sentry/runner/chaos_app.py",
        "Group(…).save",
    ): "stands for a task of the product, in a process that has no test",
    (
        "tests/sentry/models/test_migrations.py",
        "objects.bulk_create",
    ): "tests that the triggers see such an insert",
}


def test_files() -> list[str]:
    """Every Python file below a folder of tests that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    )
    names = {name for name in listed.stdout.split("\0") if TESTS.search(name)}
    return sorted(name for name in names if Path(name).is_file())


def _models(tree: ast.Module) -> set[str]:
    """The names that the file imports from the models."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sentry.models")
        for alias in node.names
    }


def places(source: str) -> Iterator[tuple[int, str]]:
    """The (line number, call) pairs where a row is made by hand, in no order.

    ``Model.objects.create(…)`` and its like, and ``Model(…).save()``.
    """
    tree = ast.parse(source)
    models = _models(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called, of = node.func.attr, node.func.value
        if called in MAKING and isinstance(of, ast.Attribute) and of.attr in MANAGERS:
            yield node.lineno, f"{of.attr}.{called}"
        if called in {"save", "asave"} and isinstance(of, ast.Call):
            name = ast.unparse(of.func).rpartition(".")[2]
            if name in models or ast.unparse(of.func).startswith("models."):
                yield node.lineno, f"{name}(…).{called}"


def main() -> int:
    """Checks the checkout that holds the current directory."""
    found = []
    unused = dict(ALLOWED)
    for name in test_files():
        for line, call in sorted(places(Path(name).read_text(encoding="utf-8"))):
            if (name, call) in ALLOWED:
                unused.pop((name, call), None)
            else:
                found.append(f"{name}:{line}: {call}: use a create_* of sentry.testutils.factories")
    found += [f"{name}:1: makes no {call}: take it off the list" for name, call in unused]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
