"""Flags that stay: what an operator may switch for good."""

from sentry.features.manager import FeatureManager


def register_features(manager: FeatureManager) -> None:
    """Registers the permanent flags."""
    manager.add(
        "organizations:integrations-github",
        default=True,
        help="GitHub as a provider.",
    )
