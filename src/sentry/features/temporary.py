"""Flags that go away once their feature has proved itself."""

from sentry.features.manager import FeatureManager


def register_features(manager: FeatureManager) -> None:
    """Registers the temporary flags; there are none now."""
