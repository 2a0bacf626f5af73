"""What ``make lint`` finds in tests."""

from pathlib import Path

import pytest

from scripts import lint_tests

HEAD = "from sentry import models\nfrom sentry.models.team import Team\n"


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("Team.objects.create(name='a')", "objects.create"),
        ("models.Team.objects.get_or_create(name='a')", "objects.get_or_create"),
        ("Team._default_manager.bulk_create([])", "_default_manager.bulk_create"),
        ("team, made = Team.objects.update_or_create(\n    name='a')", "objects.update_or_create"),
        ("await Team.objects.acreate(name='a')", "objects.acreate"),
        ("Team(name='a').save()", "Team(…).save"),
        ("models.Team(name='a').save(force_insert=True)", "Team(…).save"),
    ],
)
def test_a_row_made_by_hand_is_found(line: str, call: str) -> None:
    assert list(lint_tests.places(HEAD + line)) == [(3, call)]


@pytest.mark.parametrize(
    "line",
    [
        "Factories.create_team()",
        "self.create_team()",
        "ApiKey.objects.create_with_token(organization_id=1)",
        "Team.objects.filter(name='a').update(name='b')",
        "team.save()",
        "Document('a').save()",
        "client.create(name='a')",
        "'Team.objects.create()'",
    ],
)
def test_all_else_passes(line: str) -> None:
    assert list(lint_tests.places(HEAD + line)) == []


def test_faults_and_a_list_that_is_too_long_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.py", "c.py"):
        Path(name).write_text("Team.objects.create()\n", encoding="utf-8")
    allowed = {("b.py", "objects.create"): "why", ("c.py", "objects.bulk_create"): "why"}
    monkeypatch.setattr(lint_tests, "ALLOWED", allowed)
    monkeypatch.setattr(lint_tests, "test_files", lambda: ["a.py", "b.py", "c.py"])
    assert lint_tests.main() == 1
    advice = "use a create_* of sentry.testutils.factories"
    assert capsys.readouterr().out.splitlines() == [
        f"a.py:1: objects.create: {advice}",
        f"c.py:1: objects.create: {advice}",
        "c.py:1: makes no objects.bulk_create: take it off the list",
    ]


def test_tests_of_packages_are_tests_too() -> None:
    files = lint_tests.test_files()
    assert "tests/tooling/test_lint_tests.py" in files
    assert any(name.startswith("packages/") for name in files)
    assert not any(name.startswith("src/") for name in files)
