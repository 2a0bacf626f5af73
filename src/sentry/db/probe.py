"""Asks whether the database is there."""

from django.db import connection

_CONNECT_TIMEOUT = 5


def check_connection(*, seconds: int = _CONNECT_TIMEOUT) -> None:
    """Connects to the database once, beside the pool, which would keep on trying.

    Args:
        seconds: how long PostgreSQL may take to take the connection, at least 2.

    Raises:
        OperationalError: it does not answer, or not to us.
    """
    probe = connection.copy()
    if probe.settings_dict["OPTIONS"].pop("pool", None) is not None:
        probe.settings_dict["OPTIONS"].setdefault("connect_timeout", seconds)
    try:
        probe.ensure_connection()
    finally:
        probe.close()
