"""Reads the rules of flags that the database holds."""

from django.apps import apps

from sentry.features.flag import Rules

# As sentry.models.featurerule.EVERY_ORGANIZATION, which cannot be imported here: the models import
# what asks flags.
_EVERY_ORGANIZATION = 0


def read_all() -> dict[str, Rules]:
    """The rules of every flag by its name, in one statement.

    Raises:
        DatabaseError: the database does not answer, or has no such table yet.
    """
    rows = apps.get_model("sentry", "FeatureRule")._default_manager.order_by()
    rollouts: dict[str, int] = {}
    organizations: dict[str, dict[int, bool]] = {}
    for name, number, percentage in rows.values_list("feature", "organization_id", "percentage"):
        if number == _EVERY_ORGANIZATION:
            rollouts[name] = percentage
        else:
            organizations.setdefault(name, {})[number] = percentage > 0
    return {
        name: Rules(rollout=rollouts.get(name), organizations=organizations.get(name, {}))
        for name in rollouts.keys() | organizations.keys()
    }
