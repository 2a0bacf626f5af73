"""Keeps the flags."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sentry.features.flag import Feature, HasId, Rules, UnknownFeatureError, is_in_rollout

_WORDS = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
_NO_RULES = Rules()


def _nothing() -> None:
    """A manager of its own has nothing to wait for."""


class FeatureManager:
    """Registers flags and answers whether one is on.

    An override of a test decides; else the environment; else the organization's own rule; else the
    roll-out, stored or registered; else the default. What is stored is put into it from outside
    (``apply_stored``), so that to ask a flag asks no database.
    """

    def __init__(self, prepare: Callable[[], None] = _nothing) -> None:
        """Starts empty; ``permanent.py`` and ``temporary.py`` fill it.

        Args:
            prepare: called before each answer; makes sure that stored rules get loaded.
        """
        self._prepare = prepare
        self._features: dict[str, Feature] = {}
        self._environment: dict[str, bool] = {}
        self._overridden: dict[str, bool] = {}
        self._rules: Mapping[str, Rules] = {}

    def add(
        self,
        name: str,
        *,
        default: bool,
        help: str,  # noqa: A002 - as options.register has it
        rollout: int | None = None,
    ) -> None:
        """Registers a flag.

        Args:
            name: two parts, joined by a colon.
            default: whether it is on.
            help: what it switches.
            rollout: the percentage of organizations that it is on for, in place of the default.

        Raises:
            ValueError: the name is taken, the percentage is none, or the environment holds neither
                on nor off.
        """
        if name in self._features:
            raise ValueError(f"the flag {name} is registered twice")
        if rollout is not None and not 0 <= rollout <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"{name}: expected a roll-out of 0 to 100, got {rollout}")
        feature = Feature(name=name, default=default, help=help, rollout=rollout)
        self._features[name] = feature
        text = os.environ.get(feature.environment_name)
        if text is not None:
            if text.lower() not in _WORDS:
                raise ValueError(f"{feature.environment_name}: expected 1 or 0, got {text!r}")
            self._environment[name] = _WORDS[text.lower()]

    def has(self, name: str, organization: HasId | int | None = None) -> bool:
        """Whether the flag is on for the organization, given as such or by its id.

        Without an organization it is on if it is for those that no rule of their own names; a
        roll-out to some of them is no answer, and the default holds.

        Raises:
            UnknownFeatureError: no such flag is registered.
        """
        self._prepare()
        feature = self.find(name)
        for given in (self._overridden, self._environment):
            if name in given:
                return given[name]
        rules = self._rules.get(name, _NO_RULES)
        rollout = feature.rollout if rules.rollout is None else rules.rollout
        if organization is None:
            return {0: False, 100: True}.get(-1 if rollout is None else rollout, feature.default)
        number = organization if isinstance(organization, int) else organization.id
        own = rules.organizations.get(number)
        if own is not None:
            return own
        return feature.default if rollout is None else is_in_rollout(name, number, rollout)

    def find(self, name: str) -> Feature:
        """The flag of this name.

        Raises:
            UnknownFeatureError: no such flag is registered.
        """
        try:
            return self._features[name]
        except KeyError:
            raise UnknownFeatureError(name) from None

    def all_features(self) -> list[Feature]:
        """Every registered flag, by name."""
        return sorted(self._features.values(), key=lambda feature: feature.name)

    def set_by_environment(self, name: str) -> bool | None:
        """What the environment says of the flag; None where it says nothing."""
        return self._environment.get(name)

    def rules_of(self, name: str) -> Rules:
        """What the database says of the flag."""
        self._prepare()
        return self._rules.get(name, _NO_RULES)

    def apply_stored(self, rules: Mapping[str, Rules]) -> None:
        """Takes what the database holds of every flag; flags of another release are kept aside."""
        self._rules = rules

    @contextmanager
    def override(self, values: Mapping[str, bool]) -> Iterator[None]:
        """Sets flags inside the block, in this process, for every organization.

        Raises:
            UnknownFeatureError: no such flag is registered.
        """
        for name in values:
            self.find(name)
        before = self._overridden
        self._overridden = {**before, **values}
        try:
            yield
        finally:
            self._overridden = before
