"""Decides which tables a process migrates."""

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from sentry.silo.base import SiloMode, silo_modes_of


class SiloRouter:
    """A Django database router: a table is migrated only in a silo that holds it.

    A RunPython or RunSQL operation says its silo with ``hints={"silo": SiloMode.REGION}``.
    """

    def allow_migrate(
        self,
        db: str,  # noqa: ARG002
        app_label: str,
        model_name: str | None = None,
        silo: SiloMode | None = None,
        **hints: object,  # noqa: ARG002
    ) -> bool | None:
        """Whether the operation runs here; None leaves other apps to Django."""
        mode = SiloMode(settings.SILO_MODE)
        if app_label == "admin":  # its log names users, whom a region has not
            return False if mode is SiloMode.REGION else None
        if app_label != "sentry" or mode is SiloMode.MONOLITH:
            return None
        if silo is not None:
            return silo is mode
        if model_name is None:
            return None
        model: type[Model] = apps.get_model(app_label, model_name)
        return mode in silo_modes_of(model)
