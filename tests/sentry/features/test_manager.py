"""Feature flags."""

import re
from pathlib import Path

import pytest

from sentry import features
from sentry.features.manager import FeatureManager, UnknownFeatureError
from sentry.integrations.source_code_management.types import ProviderKey

PAGE = Path(__file__).parents[3] / "docs/options.md"


def manager_with_flag(*, default: bool) -> FeatureManager:
    manager = FeatureManager()
    manager.add("organizations:some-thing", default=default, help="Some thing.")
    return manager


def test_the_default_holds_until_something_else_is_set() -> None:
    manager = manager_with_flag(default=True)
    assert manager.has("organizations:some-thing", 1) is True
    with manager.override({"organizations:some-thing": False}):
        assert manager.has("organizations:some-thing") is False
    assert manager.has("organizations:some-thing") is True


@pytest.mark.parametrize(("text", "expected"), [("0", False), ("OFF", False), ("1", True)])
def test_the_environment_sets_it(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    monkeypatch.setenv("SENTRY_FEATURE_SOME_THING", text)
    assert manager_with_flag(default=not expected).has("organizations:some-thing") is expected


def test_neither_on_nor_off_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_FEATURE_SOME_THING", "maybe")
    with pytest.raises(ValueError, match="SENTRY_FEATURE_SOME_THING: expected 1 or 0"):
        manager_with_flag(default=True)


def test_unknown_flags_are_refused() -> None:
    manager = manager_with_flag(default=True)
    with pytest.raises(UnknownFeatureError):
        manager.has("organizations:other")
    with pytest.raises(UnknownFeatureError), manager.override({"organizations:other": True}):
        pass


def test_every_provider_has_its_flag() -> None:
    from sentry.integrations.manager import integrations

    flags = {flag.name for flag in features.all_features()}
    assert {provider.feature for provider in integrations.all()} <= flags
    assert {provider.key for provider in integrations.all()} <= set(ProviderKey)


def test_every_flag_is_on_the_page_with_its_variable_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z:-]+)` \| `(SENTRY_FEATURE_\w+)` \|", PAGE.read_text(), re.MULTILINE
    )
    known = [(flag.name, flag.environment_name) for flag in features.all_features()]
    assert sorted(rows) == sorted(known)
    assert known
