"""Reads the options that the database holds."""

from django.apps import apps


def read_all() -> dict[str, object]:
    """Every stored value by its option's name, in one statement.

    Raises:
        DatabaseError: the database does not answer, or has no such table yet.
    """
    # by name: the models import what reads options
    rows = apps.get_model("sentry", "Option")._default_manager.order_by("key")
    return dict(rows.values_list("key", "value"))
