"""Feature flags: ``features.has("organizations:integrations-github", organization_id)``."""

from sentry.features import permanent, temporary
from sentry.features.manager import FeatureManager, UnknownFeatureError

manager = FeatureManager()
permanent.register_features(manager)
temporary.register_features(manager)

has = manager.has
override = manager.override
all_features = manager.all_features

__all__ = ["UnknownFeatureError", "all_features", "has", "manager", "override"]
