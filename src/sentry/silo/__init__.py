"""Silo modes: which half of the platform a process serves."""

from sentry.silo.base import (
    SiloMode,
    all_silo_model,
    control_silo_model,
    region_silo_model,
    silo_modes_of,
)

__all__ = [
    "SiloMode",
    "all_silo_model",
    "control_silo_model",
    "region_silo_model",
    "silo_modes_of",
]
