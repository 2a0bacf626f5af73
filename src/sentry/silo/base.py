"""The silo of a process and the silo of a model.

A process runs in one mode: MONOLITH serves everything, CONTROL owns users, credentials and
integrations, REGION owns organizations, projects, repositories, issues and events. A model says by
decorator where its table lives; a query never crosses silos.
"""

from collections.abc import Callable
from enum import StrEnum

from django.conf import settings
from django.db.models import Model


class SiloMode(StrEnum):
    """The half of the platform that a process serves."""

    MONOLITH = "MONOLITH"
    CONTROL = "CONTROL"
    REGION = "REGION"

    @classmethod
    def get_current_mode(cls) -> "SiloMode":
        """The mode of this process (setting ``SILO_MODE``)."""
        return cls(settings.SILO_MODE)


_modes: dict[type[Model], frozenset[SiloMode]] = {}


def _declare[M: Model](*modes: SiloMode) -> Callable[[type[M]], type[M]]:
    def decorate(model: type[M]) -> type[M]:
        _modes[model] = frozenset(modes)
        return model

    return decorate


def control_silo_model[M: Model](model: type[M]) -> type[M]:
    """Declares that the model's table lives in the control silo."""
    return _declare(SiloMode.CONTROL)(model)


def region_silo_model[M: Model](model: type[M]) -> type[M]:
    """Declares that the model's table lives in a region silo."""
    return _declare(SiloMode.REGION)(model)


def all_silo_model[M: Model](model: type[M]) -> type[M]:
    """Declares that every silo has a table of its own for the model (process bookkeeping)."""
    return _declare(SiloMode.CONTROL, SiloMode.REGION)(model)


def silo_modes_of(model: type[Model]) -> frozenset[SiloMode]:
    """The silos that hold the model's table; empty where the model declares none.

    A historical model of a migration is looked up by its name.
    """
    if model in _modes:
        return _modes[model]
    return next(
        (modes for known, modes in _modes.items() if known._meta.label == model._meta.label),
        frozenset(),
    )
