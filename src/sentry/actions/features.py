"""Feature flags as an operator sees and switches them while the platform runs."""

import logging
from dataclasses import dataclass

from django.utils import timezone

from sentry import features, models
from sentry.actions.validation import unknown_name
from sentry.features import Feature, UnknownFeatureError
from sentry.integrations.source_code_management.errors import InvalidArgument, PreconditionFailed
from sentry.utils.refresh import refresher

logger = logging.getLogger(__name__)

_ALL = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureState:
    """A flag and for whom it is on.

    Attributes:
        enabled: whether it is on: for the organization that was asked for, else for all that no
            rule of their own names.
        rollout: the percentage of organizations, stored or registered; None where there is none.
        environment: what the environment sets for everybody; None where it sets nothing.
        on_for: ids of the organizations that it was switched on for.
        off_for: ids of the organizations that it was switched off for.
    """

    name: str
    enabled: bool
    default: bool
    rollout: int | None
    environment: bool | None
    on_for: tuple[int, ...]
    off_for: tuple[int, ...]
    variable: str
    help: str


def list_features(*, organization_id: int | None = None) -> list[FeatureState]:
    """Every flag, by name, as it is for the organization, or for all."""
    return [_state(feature, organization_id) for feature in features.all_features()]


def set_feature(
    name: str, *, percentage: int, organization_id: int | None = None, updated_by: str
) -> FeatureState:
    """Switches a flag for one organization (0 or 100), or for so many percent of all.

    This process knows it from now on, the others within ``options.refresh-interval``. The
    organization's own rule is stronger than that of all. Not to be called inside a transaction: one
    that is rolled back would leave this process with the rule for so long.

    Raises:
        InvalidArgument: no such flag is registered, or the percentage is none.
        PreconditionFailed: the environment sets the flag.
    """
    feature = _find(name)
    _check_percentage(percentage, is_for_one=organization_id is not None)
    if features.manager.set_by_environment(name) is not None:
        raise PreconditionFailed(
            f"{name} is set by {feature.environment_name}, which a stored rule would not change:"
            " unset the variable first, or change it there"
        )
    models.FeatureRule.objects.update_or_create(
        feature=name,
        organization_id=_number(organization_id),
        defaults={
            "percentage": percentage,
            "updated_by": updated_by,
            "last_updated": timezone.now(),
        },
    )
    refresher.load_all()
    logger.info("features.set", extra=_facts(name, organization_id, updated_by, percentage))
    return _state(feature, organization_id)


def delete_feature(name: str, *, organization_id: int | None = None, updated_by: str) -> bool:
    """Deletes the rule of one organization, or that of all; whether there was one.

    Rules of a flag that another release has may be deleted too. Not to be called inside a
    transaction, as ``set_feature``.

    Raises:
        InvalidArgument: no such flag is registered, and nothing is stored under the name.
    """
    number = _number(organization_id)
    rules = models.FeatureRule.objects.filter(feature=name, organization_id=number)
    deleted, _ = rules.delete()
    if not deleted:
        _find(name)
        return False
    refresher.load_all()
    logger.info("features.deleted", extra=_facts(name, organization_id, updated_by))
    return True


def _number(organization_id: int | None) -> int:
    return models.EVERY_ORGANIZATION if organization_id is None else organization_id


def _check_percentage(percentage: int, *, is_for_one: bool) -> None:
    if is_for_one and percentage not in {0, _ALL}:
        raise InvalidArgument("percentage", "one organization has a flag or has it not: 0 or 100")
    if not 0 <= percentage <= _ALL:
        raise InvalidArgument("percentage", f"expected 0 to 100, got {percentage}")


def _facts(
    name: str, organization_id: int | None, updated_by: str, percentage: int | None = None
) -> dict[str, object]:
    return {
        "feature": name,
        "organization_id": organization_id,
        "percentage": percentage,
        "updated_by": updated_by,
    }


def _find(name: str) -> Feature:
    try:
        return features.manager.find(name)
    except UnknownFeatureError:
        known = [feature.name for feature in features.all_features()]
        raise unknown_name("feature", name, known) from None


def _state(feature: Feature, organization_id: int | None) -> FeatureState:
    rules = features.manager.rules_of(feature.name)
    switched = sorted(rules.organizations.items())
    return FeatureState(
        name=feature.name,
        enabled=features.has(feature.name, organization_id),
        default=feature.default,
        rollout=feature.rollout if rules.rollout is None else rules.rollout,
        environment=features.manager.set_by_environment(feature.name),
        on_for=tuple(number for number, is_on in switched if is_on),
        off_for=tuple(number for number, is_on in switched if not is_on),
        variable=feature.environment_name,
        help=feature.help,
    )
