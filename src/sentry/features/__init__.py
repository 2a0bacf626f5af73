"""Feature flags: ``features.has("organizations:integrations-github", organization)``."""

from sentry.features import permanent, store, temporary
from sentry.features.flag import Feature, HasId, Rules, UnknownFeatureError
from sentry.features.manager import FeatureManager
from sentry.utils.refresh import refresher

manager = FeatureManager(prepare=refresher.ensure_started)
permanent.register_features(manager)
temporary.register_features(manager)
refresher.add(lambda: manager.apply_stored(store.read_all()))

has = manager.has
override = manager.override
all_features = manager.all_features

__all__ = [
    "Feature",
    "HasId",
    "Rules",
    "UnknownFeatureError",
    "all_features",
    "has",
    "manager",
    "override",
]
