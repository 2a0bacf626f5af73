"""Run-time options."""

import re
from pathlib import Path

import pytest

from sentry import options
from sentry.options.manager import OptionsManager, OptionValue, UnknownOptionError

PAGE = Path(__file__).parents[3] / "docs/options.md"


def test_the_default_holds_until_something_else_is_set() -> None:
    manager = OptionsManager()
    manager.register("some.limit", default=3, help="A limit.")
    assert manager.get("some.limit") == 3
    with manager.override({"some.limit": 5}):
        assert manager.get_int("some.limit") == 5
        with manager.override({"some.limit": 6}):
            assert manager.get_float("some.limit") == 6.0
        assert manager.get("some.limit") == 5
    assert manager.get("some.limit") == 3


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (3, "7", 7),
        (0.5, "2", 2.0),
        (False, "true", True),
        ("a", "7", "7"),
        ([], "a, b,", ["a", "b"]),
    ],
)
def test_the_environment_sets_it(
    monkeypatch: pytest.MonkeyPatch, default: OptionValue, text: str, value: OptionValue
) -> None:
    monkeypatch.setenv("SENTRY_OPTION_SOME_BIG_LIMIT", text)
    manager = OptionsManager()
    manager.register("some.big-limit", default=default, help="A limit.")
    got = manager.get("some.big-limit")
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("default", "text"), [(3, "x"), (3, "2.5"), (3, "true"), (0.5, "fast"), (True, "1"), (3, "")]
)
def test_a_value_of_another_kind_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, default: OptionValue, text: str
) -> None:
    monkeypatch.setenv("SENTRY_OPTION_SOME_LIMIT", text)
    with pytest.raises(ValueError, match="SENTRY_OPTION_SOME_LIMIT: expected a value of type"):
        OptionsManager().register("some.limit", default=default, help="A limit.")


def test_unknown_names_and_second_registrations_are_refused() -> None:
    manager = OptionsManager()
    manager.register("some.limit", default=3, help="A limit.")
    with pytest.raises(ValueError, match="registered twice"):
        manager.register("some.limit", default=3, help="A limit.")
    with pytest.raises(UnknownOptionError):
        manager.get("other.limit")
    with pytest.raises(UnknownOptionError), manager.override({"other.limit": 1}):
        pass


def test_typed_access_refuses_other_types() -> None:
    manager = OptionsManager()
    manager.register("some.text", default="a", help="A text.")
    with pytest.raises(TypeError):
        manager.get_int("some.text")
    with pytest.raises(TypeError):
        manager.get_float("some.text")


def test_every_option_is_on_the_page_with_its_variable_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z.-]+)` \| `(SENTRY_OPTION_\w+)` \|", PAGE.read_text(), re.MULTILINE
    )
    known = [(option.name, option.environment_name) for option in options.all_options()]
    assert sorted(rows) == sorted(known)
    assert len(known) > 10
