"""Run-time options."""

import re
from pathlib import Path

import pytest

from sentry import options
from sentry.options.manager import OptionsManager
from sentry.options.option import OptionValue, Source, UnknownOptionError

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


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"minimum": 1}, "0"),
        ({"above": 0}, "0"),
        ({"above": 0}, "-1"),
        ({"minimum": 0}, "Infinity"),
    ],
)
def test_a_value_out_of_bounds_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, bounds: dict[str, float], text: str
) -> None:
    monkeypatch.setenv("SENTRY_OPTION_SOME_LIMIT", text)
    with pytest.raises(ValueError, match=r"SENTRY_OPTION_SOME_LIMIT: expected a .*number"):
        OptionsManager().register("some.limit", default=3.0, help="A limit.", **bounds)  # type: ignore[arg-type]


def test_nan_is_never_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_OPTION_SOME_LIMIT", "NaN")
    with pytest.raises(ValueError, match="at least 0"):
        OptionsManager().register("some.limit", default=3.0, help="A limit.", minimum=0)


def test_environment_then_database_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_OPTION_FIRST_LIMIT", "7")
    manager = OptionsManager()
    for name in ("first.limit", "second.limit", "third.limit"):
        manager.register(name, default=1, help="A limit.")
    manager.apply_stored({"first.limit": 5, "second.limit": 5})
    assert [manager.get(name) for name in ("first.limit", "second.limit", "third.limit")] == [
        7,
        5,
        1,
    ]
    assert manager.source_of("first.limit") is Source.ENVIRONMENT
    assert manager.source_of("second.limit") is Source.DATABASE
    assert manager.source_of("third.limit") is Source.DEFAULT
    with manager.override({"first.limit": 9}):
        manager.apply_stored({})
        assert [manager.get("first.limit"), manager.get("second.limit")] == [9, 1]
    assert manager.get("first.limit") == 7


def test_what_no_option_takes_is_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    manager = OptionsManager()
    manager.register("some.limit", default=1, minimum=1, help="A limit.")
    manager.register("some.size", default=1, settable=False, help="A size.")
    rows = {"some.limit": 0, "some.size": 2, "gone.limit": 3}
    manager.apply_stored(rows)
    manager.apply_stored(rows)
    assert [manager.get("some.limit"), manager.get("some.size")] == [1, 1]
    assert manager.ignored == {
        "some.limit": "expected a number of at least 1, got 0",
        "some.size": "only the environment sets it",
        "gone.limit": "no such option is registered",
    }
    assert [record.message for record in caplog.records] == ["options.stored_value_ignored"] * 3


@pytest.mark.parametrize(
    ("default", "stored", "value"),
    [(1.0, 2, 2.0), (1, True, 1), (1, 2.5, 1), ("a", 3, "a"), ([], ["x"], ["x"]), ([], [1], []), (False, 1, False)],
)  # fmt: skip
def test_a_stored_value_has_the_type_of_the_default(
    default: OptionValue, stored: object, value: OptionValue
) -> None:
    manager = OptionsManager()
    manager.register("some.thing", default=default, help="A thing.")
    manager.apply_stored({"some.thing": stored})
    got = manager.get("some.thing")
    assert (got, type(got)) == (value, type(value))


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


def test_no_option_is_a_secret() -> None:
    """Commands, the log of a shell and the database show options to whoever reads there."""
    secrets = re.compile(r"secret|token|password")
    assert [option.name for option in options.all_options() if secrets.search(option.name)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("options.refresh-interval", "1e18"),
        ("options.refresh-interval", "NaN"),
        ("tasks.poll-interval", "61"),
        ("tasks.message-grace", "1e30"),
        ("analytics.retention-days", "99999999999"),
        ("analytics.backend", "nowhere"),
        ("logging.access-log-rate", "5"),
        ("logging.access-log-rate", "-0.1"),
        ("grpc.cors-origins", "https://a.example, notaurl"),
        ("grpc.cors-origins", "*"),
        ("ratelimit.requests-per-minute", "99999999999999999999999999"),
    ],
)
def test_what_an_option_could_never_work_with(name: str, text: str) -> None:
    option = options.manager.find(name)
    with pytest.raises(ValueError, match="expected"):
        option.parse(text)
    assert (
        option.parse(
            ",".join(option.default) if isinstance(option.default, list) else str(option.default)
        )
        == option.default
    )


def test_an_override_has_the_type_of_its_option() -> None:
    with options.override({"auth.cache-ttl": -1.0}):  # a test may go beyond the bounds
        assert options.get("auth.cache-ttl") == -1.0
    with (
        pytest.raises(ValueError, match=r"auth\.cache-ttl: expected a float"),
        options.override({"auth.cache-ttl": "x"}),
    ):
        pass
