"""Keeps the flags."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


class UnknownFeatureError(KeyError):
    """No flag of this name is registered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """A flag: its name, whether it is on by default, and what it switches."""

    name: str
    default: bool
    help: str

    @property
    def environment_name(self) -> str:
        """The variable by which an operator sets it ("1" or "0")."""
        tail = self.name.partition(":")[2]
        return "SENTRY_FEATURE_" + tail.upper().replace("-", "_")


_WORDS = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


class FeatureManager:
    """Registers flags and answers whether one is on."""

    def __init__(self) -> None:
        """Starts empty; ``permanent.py`` and ``temporary.py`` fill it."""
        self._features: dict[str, Feature] = {}
        self._set: dict[str, bool] = {}

    def add(self, name: str, *, default: bool, help: str) -> None:  # noqa: A002
        """Registers a flag.

        Raises:
            ValueError: the environment holds neither on nor off.
        """
        feature = Feature(name=name, default=default, help=help)
        self._features[name] = feature
        text = os.environ.get(feature.environment_name)
        if text is not None:
            if text.lower() not in _WORDS:
                raise ValueError(f"{feature.environment_name}: expected 1 or 0, got {text!r}")
            self._set[name] = _WORDS[text.lower()]

    def has(self, name: str, organization_id: int | None = None) -> bool:  # noqa: ARG002
        """Whether the flag is on for the organization.

        Raises:
            UnknownFeatureError: no such flag is registered.
        """
        if name in self._set:
            return self._set[name]
        try:
            return self._features[name].default
        except KeyError:
            raise UnknownFeatureError(name) from None

    def all_features(self) -> list[Feature]:
        """Every registered flag, by name."""
        return sorted(self._features.values(), key=lambda feature: feature.name)

    @contextmanager
    def override(self, values: Mapping[str, bool]) -> Iterator[None]:
        """Sets flags inside the block, in this process.

        Raises:
            UnknownFeatureError: no such flag is registered.
        """
        for name in values:
            if name not in self._features:
                raise UnknownFeatureError(name)
        before = dict(self._set)
        self._set.update(values)
        try:
            yield
        finally:
            self._set = before
