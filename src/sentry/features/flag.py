"""One feature flag, and for whom it is on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class UnknownFeatureError(KeyError):
    """No flag of this name is registered."""


class HasId(Protocol):
    """An organization, as a row or as a value: what has its id."""

    @property
    def id(self) -> int:
        """The organization's id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """A flag.

    Attributes:
        name: what it is asked by ("organizations:integrations-github").
        default: whether it is on where nothing else says.
        help: what it switches.
        rollout: the percentage of organizations that it is on for, in place of the default.
    """

    name: str
    default: bool
    help: str
    rollout: int | None = None

    @property
    def environment_name(self) -> str:
        """The variable by which an operator sets it ("1" or "0")."""
        tail = self.name.partition(":")[2]
        return "SENTRY_FEATURE_" + tail.upper().replace("-", "_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What the database holds of one flag.

    Attributes:
        rollout: the percentage of all organizations; None where none is stored.
        organizations: the organizations with a rule of their own, and whether it is on for each.
    """

    rollout: int | None = None
    organizations: Mapping[int, bool] = field(default_factory=dict)


def is_in_rollout(name: str, organization_id: int, percentage: int) -> bool:
    """Whether the organization is among so many percent.

    It depends on the flag's name and the organization's id alone, in every process; a higher
    percentage only adds organizations. Each flag begins with others.
    """
    digest = hashlib.sha256(f"{name}\n{organization_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 100 < percentage
