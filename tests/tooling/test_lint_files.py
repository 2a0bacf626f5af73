"""What ``make lint`` finds in files."""

import pytest

from scripts import lint_files

SLASH = "/"  # so that this file holds none of what it looks for


def found(name: str, text: str) -> list[str]:
    return [fault for _, fault in lint_files.line_faults(name, text)]


@pytest.mark.parametrize(
    "line",
    [
        '"resolved": "somewhere"',
        "--extra-index-url somewhere",
        f"six @ https:{SLASH}/example.com{SLASH}six",
    ],
)
@pytest.mark.parametrize("name", ["requirements/dev.txt", "tests/interop/package-lock.json"])
def test_a_lock_file_may_name_no_address(name: str, line: str) -> None:
    assert "a lock file names an address" in found(name, line)


def test_other_files_may_name_addresses() -> None:
    assert found("README.md", f"see https:{SLASH}/example.com{SLASH}page") == []


@pytest.mark.parametrize("folder", ["root", "home/ada", "Users/ada", "work"])
def test_no_file_may_hold_a_path_of_a_machine(folder: str) -> None:
    assert found("src/x.py", f"open('{SLASH}{folder}{SLASH}secret')") == [
        "a path of somebody's machine"
    ]


@pytest.mark.parametrize(
    "text", ["teams/work/x", "https://example.com/home/", "~/work/x", "$HOME/work/x"]
)
def test_paths_that_belong_to_nobody_pass(text: str) -> None:
    assert found("src/x.py", text) == []


def test_no_file_may_hold_the_address_of_a_built_package() -> None:
    line = f"https:{SLASH}/example.com{SLASH}six-1.0.tar" + ".gz"
    assert found("docs/x.md", line) == ["the address of a built package"]


def test_long_files_are_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.py").write_text("pass\n" * 501, encoding="utf-8")
    (tmp_path / "long_pb2.py").write_text("pass\n" * 501, encoding="utf-8")
    (tmp_path / "short.py").write_text("pass\n" * 500, encoding="utf-8")
    assert len(list(lint_files.faults("long.py"))) == 1
    assert list(lint_files.faults("short.py")) == list(lint_files.faults("long_pb2.py")) == []
