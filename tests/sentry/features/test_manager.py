"""Feature flags."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentry import features
from sentry.features.flag import Rules, UnknownFeatureError, is_in_rollout
from sentry.features.manager import FeatureManager
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.models import Organization

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


FLAG = "organizations:some-thing"


@dataclass(frozen=True)
class SomeOrganization:
    id: int


def test_a_rule_of_the_organization_then_the_rollout_then_the_default() -> None:
    manager = manager_with_flag(default=False)
    assert manager.has(FLAG, 1) is False
    manager.apply_stored({FLAG: Rules(rollout=100)})
    assert manager.has(FLAG, 1) is manager.has(FLAG) is True
    manager.apply_stored({FLAG: Rules(rollout=100, organizations={1: False})})
    assert manager.has(FLAG, 1) is False
    assert manager.has(FLAG, 2) is manager.has(FLAG) is True
    manager.apply_stored({FLAG: Rules(rollout=0, organizations={1: True})})
    assert manager.has(FLAG, 1) is True
    assert manager.has(FLAG, 2) is manager.has(FLAG) is False
    with manager.override({FLAG: False}):
        assert manager.has(FLAG, 1) is False
    manager.apply_stored({})
    assert manager.has(FLAG, 1) is False


def test_the_environment_is_stronger_than_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_FEATURE_SOME_THING", "on")
    manager = manager_with_flag(default=False)
    manager.apply_stored({FLAG: Rules(rollout=0, organizations={1: False})})
    assert manager.has(FLAG, 1) is manager.has(FLAG) is manager.set_by_environment(FLAG) is True
    with manager.override({FLAG: False}):
        assert manager.has(FLAG, 1) is False


def test_an_organization_is_given_by_its_id_or_as_what_has_one() -> None:
    manager = manager_with_flag(default=False)
    manager.apply_stored({FLAG: Rules(organizations={7: True})})
    assert manager.has(FLAG, 7) is manager.has(FLAG, SomeOrganization(id=7)) is True
    assert manager.has(FLAG, Organization(id=7)) is True
    assert manager.has(FLAG, SomeOrganization(id=8)) is False


def test_a_registered_rollout_holds_until_another_is_stored() -> None:
    manager = FeatureManager()
    manager.add(FLAG, default=True, help="Some thing.", rollout=0)
    assert manager.has(FLAG, 1) is False
    manager.apply_stored({FLAG: Rules(rollout=100)})
    assert manager.has(FLAG, 1) is True


def test_a_rollout_to_some_is_no_answer_for_all() -> None:
    for default in (True, False):
        manager = manager_with_flag(default=default)
        manager.apply_stored({FLAG: Rules(rollout=50)})
        assert manager.has(FLAG) is default


def test_a_higher_percentage_only_adds_organizations() -> None:
    before: set[int] = set()
    for percentage in range(101):
        inside = {number for number in range(2000) if is_in_rollout(FLAG, number, percentage)}
        assert before <= inside
        assert abs(len(inside) - 20 * percentage) < 100
        before = inside
    assert len(before) == 2000


def test_a_rollout_is_the_same_in_every_process_and_another_for_every_flag() -> None:
    first = [number for number in range(40) if is_in_rollout(FLAG, number, 10)]
    assert first == [7, 9, 11, 31, 38]
    assert first != [number for number in range(40) if is_in_rollout("organizations:b", number, 10)]


@pytest.mark.parametrize("rollout", [-1, 101])
def test_a_percentage_that_is_none_is_refused(rollout: int) -> None:
    with pytest.raises(ValueError, match="organizations:some-thing: expected a roll-out"):
        FeatureManager().add(FLAG, default=True, help="Some thing.", rollout=rollout)


def test_a_flag_is_registered_once() -> None:
    manager = manager_with_flag(default=True)
    with pytest.raises(ValueError, match="registered twice"):
        manager.add(FLAG, default=True, help="Some thing.")


def test_every_provider_has_its_flag() -> None:
    from sentry.integrations.manager import integrations

    flags = {flag.name for flag in features.all_features()}
    assert {provider.feature for provider in integrations.all()} <= flags
    assert {provider.key for provider in integrations.all()} <= set(ProviderKey)


def test_every_flag_is_on_the_page_with_its_variable_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z_:-]+)` \| `(SENTRY_FEATURE_\w+)` \|", PAGE.read_text(), re.MULTILINE
    )
    known = [(flag.name, flag.environment_name) for flag in features.all_features()]
    assert sorted(rows) == sorted(known)
    assert known
