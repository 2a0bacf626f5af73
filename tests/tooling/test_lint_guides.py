"""What ``scripts/lint_guides.py`` finds, and what ruff is asked to find, each by a bad example."""

import json
import subprocess
from textwrap import dedent

import pytest

from scripts import lint_guides
from tests.live import BIN, ROOT

BAD = {
    "hasattr": "def f(x):\n    return hasattr(x, 'replace')",
    "concrete-input": "def f(items: list[int]) -> None: ...",
    "abstract-return": "def f() -> Sequence[int]: ...",
}
ALSO_BAD = [
    ("concrete-input", "async def f(*, names: dict[str, int] | None) -> None: ..."),
    ("concrete-input", "def f(items: 'set[int]', /) -> None: ..."),
    ("abstract-return", "def f() -> 'abc.Mapping[str, int] | None': ..."),
    ("abstract-return", "class A:\n    async def f(self) -> Iterable[str]: ..."),
]
GOOD = [
    "def f(x): return isinstance(x, str)",
    "def f(items: Sequence[list[int]], /, *args: int, key: Mapping[str, set[int]]) -> list[int]: ...",
    "def f() -> Iterator[Sequence[int]]: ...",
    "def application(environ, start_response) -> Iterable[bytes]: ...",
    "def f() -> Callable[[list[int]], Sequence[int]]: ...",
]


def rules(text: str) -> list[str]:
    return [fault.partition(":")[0] for _, fault in lint_guides.faults(text)]


def test_every_rule_has_a_bad_example() -> None:
    assert set(BAD) == set(lint_guides.RULES)


@pytest.mark.parametrize(("rule", "text"), [*BAD.items(), *ALSO_BAD])
def test_what_breaks_a_rule_is_found(rule: str, text: str) -> None:
    assert rules(text) == [rule]


@pytest.mark.parametrize("text", GOOD)
def test_what_keeps_the_rules_is_not(text: str) -> None:
    assert rules(text) == []


def test_an_exception_stands_at_its_line_with_a_reason() -> None:
    line = "def f(items: list[int]) -> None: ...  # guide: concrete-input"
    assert lint_guides.faults(f"{line} - pytest changes it") == []
    assert lint_guides.faults(line) == [
        (1, "concrete-input: an exception needs a reason, after ` - `")
    ]
    assert lint_guides.faults(f"{line} - so\n" + line.replace("list", "tuple") + " - so") == [
        (2, "concrete-input: nothing here breaks it: remove the comment")
    ]


def test_generated_code_and_tests_are_left_out() -> None:
    names = {str(path.relative_to(ROOT)) for path in lint_guides.sources(ROOT)}
    assert "src/sentry/wsgi.py" in names
    assert "packages/sentry-scm-client/sentry_scm_client/errors.py" in names
    assert not any("/migrations/" in name or "_pb2" in name or "/tests/" in name for name in names)


# The guides' own anti-patterns, each with the rule of ruff that refuses it in the platform's code.
REFUSED_BY_RUFF = '''
"""A module."""

import logging
from typing import Sequence

logger = logging.getLogger(__name__)


def risky(names: Sequence[str]) -> None:
    """Breaks one rule after the other."""
    import json

    try:
        json.dumps(names)
    except Exception:
        logger.error("error.invalid_payload")
    try:
        json.dumps(names)
    except:
        logger.exception("error.invalid_payload")
    logger.info(f"User {names} completed")
    logger.info("User {} completed".format(names))
    logger.info("User %s completed" % names)
'''
WANTED = {"BLE001", "E722", "TRY400", "G004", "G001", "G002", "UP035", "PLC0415"}


def test_ruff_refuses_the_rest_of_the_anti_patterns() -> None:
    done = subprocess.run(
        [BIN / "ruff", "check", "--output-format=json", "--stdin-filename=src/sentry/new.py", "-"],
        cwd=ROOT, input=dedent(REFUSED_BY_RUFF), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {found["code"] for found in json.loads(done.stdout)} >= WANTED
