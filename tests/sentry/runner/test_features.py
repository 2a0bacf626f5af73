"""Feature flags, switched by commands and asked at every door."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sentry import features
from sentry.features.manager import FeatureManager
from sentry.models import FeatureRule
from sentry.testutils.factories import Factories
from tests.sentry.runner.conftest import Process, Sentry

pytestmark = pytest.mark.django_db

type SentryJson = Callable[..., Any]

FLAG = "organizations:integrations-github"


def _of_flag(states):
    """What a list of flags says of the one."""
    (state,) = [each for each in states if each["name"] == FLAG]
    return state


def test_a_flag_is_switched_for_one_organization(sentry: Sentry, sentry_json: SentryJson) -> None:
    acme, other = (Factories.create_organization(slug=slug) for slug in ("acme", "other"))
    done = sentry("features", "set", FLAG, "--off", "--organization", "acme")
    assert done.stdout == f"{FLAG} is off for acme\n"
    assert features.has(FLAG, acme) is False
    assert features.has(FLAG, other) is features.has(FLAG) is True
    state = _of_flag(sentry_json("features", "list", "--organization", "acme"))
    assert state == {
        "name": FLAG,
        "enabled": False,
        "default": True,
        "rollout": None,
        "environment": None,
        "on_for": [],
        "off_for": [acme.id],
        "variable": "SENTRY_FEATURE_INTEGRATIONS_GITHUB",
        "help": "GitHub as a provider.",
    }
    head, *rows = sentry("features", "list").stdout.splitlines()
    assert head.split() == [
        "name",
        "enabled",
        "rollout",
        "environment",
        "on",
        "for",
        "off",
        "for",
        "help",
    ]
    assert [FLAG, "yes", "-", "-"] in [row.split()[:4] for row in rows]
    sentry("features", "set", FLAG, "--on", "--organization", "acme")
    assert features.has(FLAG, acme) is True
    assert "deleted the rule" in sentry("features", "delete", FLAG, "--organization", "acme").stdout
    assert "there is no rule" in sentry("features", "delete", FLAG, "--organization", "acme").stdout
    assert not FeatureRule.objects.exists()


def test_a_flag_is_rolled_out(sentry: Sentry, sentry_json: SentryJson) -> None:
    done = sentry("features", "set", FLAG, "--rollout", "25")
    assert done.stdout == f"{FLAG} is on for 25 % of all\n"
    assert 150 < sum(features.has(FLAG, number) for number in range(1000)) < 350
    assert _of_flag(sentry_json("features", "list"))["rollout"] == 25
    rule = FeatureRule.objects.get()
    assert (rule.organization_id, rule.percentage, rule.updated_by) == (0, 25, "the operator")
    assert sentry("features", "set", FLAG, "--off").stdout == f"{FLAG} is off for all\n"
    assert features.has(FLAG, 1) is features.has(FLAG) is False
    assert sentry_json("features", "set", FLAG, "--on")["rollout"] == 100
    assert features.has(FLAG, 1) is True
    assert sentry("features", "delete", FLAG).stdout == f"deleted the rule of {FLAG} for all\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([FLAG], 2, "give one of --on, --off and --rollout"),
        ([FLAG, "--on", "--rollout", "5"], 2, "give one of --on, --off and --rollout"),
        ([FLAG, "--off", "--rollout", "0"], 2, "give one of --on, --off and --rollout"),
        ([FLAG, "--on", "--off"], 2, "give one of --on, --off and --rollout"),
        ([FLAG, "--rollout", "5", "--organization", "acme"], 2, "leave --organization out"),
        ([FLAG, "--rollout", "101"], 2, "101 is not in the range"),
        ([FLAG, "--on", "--organization", "nowhere"], 1, "organization 'nowhere' not found"),
        ([FLAG[:-1], "--on"], 1, f"did you mean {FLAG}"),
    ],
)
def test_what_cannot_be_set_says_why(
    sentry: Sentry, words: list[str], status: int, message: str
) -> None:
    result = sentry("features", "set", *words, status=status)
    assert message in result.stderr
    assert not FeatureRule.objects.exists()


def test_a_flag_that_nobody_knows_has_no_rule_to_delete(sentry: Sentry) -> None:
    assert "is not registered" in sentry("features", "delete", "nothing", status=1).stderr
    Factories.create_feature_rule(feature="organizations:gone")
    sentry("features", "delete", "organizations:gone")
    assert not FeatureRule.objects.exists()


def test_what_the_environment_sets_cannot_be_changed(
    sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_FEATURE_SOME_THING", "on")
    manager = FeatureManager()
    manager.add("organizations:some-thing", default=False, help="Some thing.")
    monkeypatch.setattr(features, "manager", manager)
    result = sentry("features", "set", "organizations:some-thing", "--off", status=1)
    assert "organizations:some-thing is set by SENTRY_FEATURE_SOME_THING" in result.stderr
    assert not FeatureRule.objects.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_process_of_its_own_knows_what_another_one_stored(process: Process) -> None:
    process("features", "set", FLAG, "--rollout", "30")
    state = _of_flag(json.loads(process("features", "list", "--json").stdout))
    assert (state["rollout"], state["enabled"]) == (30, True)
    variable = {"SENTRY_FEATURE_INTEGRATIONS_GITHUB": "0"}
    state = _of_flag(json.loads(process("features", "list", "--json", **variable).stdout))
    assert (state["environment"], state["enabled"]) == (False, False)
    refused = process("features", "set", FLAG, "--on", status=1, **variable)
    assert "is set by SENTRY_FEATURE_INTEGRATIONS_GITHUB" in refused.stderr
