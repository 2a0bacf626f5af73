"""Reading the environment, and the generated key files."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from sentry.conf import environment as env
from sentry.conf.keys import check_encryption_keys


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("off", False)]
)
def test_flag(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("X_FLAG", value)
    assert env.flag("X_FLAG", default=not expected) is expected


def test_absent_variables_take_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X_NONE", raising=False)
    assert env.flag("X_NONE", default=True) is True
    assert env.number("X_NONE", 7, low=0, high=9) == 7
    assert env.text("X_NONE", "some") == "some"
    assert env.words("X_NONE", "a, b,,c") == ["a", "b", "c"]
    assert env.choice("X_NONE", "one", among=("ONE", "TWO")) == "ONE"


@pytest.mark.parametrize("value", ["", "-1", "10", "3.5", "٣", "x"])
def test_number_refuses_what_is_none_or_out_of_bounds(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("X_NUMBER", value)
    with pytest.raises(ImproperlyConfigured, match="X_NUMBER: expected a number from 0 to 9"):
        env.number("X_NUMBER", 1, low=0, high=9)


@pytest.mark.parametrize(
    "read",
    [
        lambda: env.flag("X_WRONG", default=True),
        lambda: env.choice("X_WRONG", "A", among=("A", "B")),
    ],
)
def test_wrong_words_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object]
) -> None:
    monkeypatch.setenv("X_WRONG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="X_WRONG: expected"):
        read()


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / "some.key"
    assert env.key_file(path, lambda: "first") == ["first"]
    assert env.key_file(path, lambda: "second") == ["first"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["some.key"]


def test_of_many_that_make_a_key_file_all_read_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    gate = threading.Barrier(8)
    found: list[list[str]] = []

    def make(number: int) -> None:
        gate.wait(10)
        found.append(env.key_file(path, lambda: f"key-{number}"))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len({tuple(keys) for keys in found}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_file_that_others_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "some.key"
    path.write_text("secret-key\n")
    path.chmod(mode)
    with pytest.raises(ImproperlyConfigured, match=f"mode {mode:o}") as caught:
        env.key_file(path, lambda: "other")
    assert "secret-key" not in str(caught.value)


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    path.touch(mode=0o600)
    with pytest.raises(ImproperlyConfigured, match="holds no key"):
        env.key_file(path, lambda: "other")


def test_a_key_file_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="cannot be used"):
        env.key_file(tmp_path / "file" / "some.key", lambda: "key")


def test_encryption_keys_are_checked_without_showing_them() -> None:
    good = Fernet.generate_key().decode()
    check_encryption_keys([good], source="here")
    with pytest.raises(ImproperlyConfigured, match="here: key 2 is no key") as caught:
        check_encryption_keys([good, "hunter2"], source="here")
    assert "hunter2" not in str(caught.value)


def test_an_origin_is_what_browsers_call_one():
    assert env.origin("X", "https://errors.example:8443/sub/") == "https://errors.example:8443"
    for url in ("errors.example", "ftp://errors.example", "https:///path", ""):
        with pytest.raises(ImproperlyConfigured, match="X: expected"):
            env.origin("X", url)
