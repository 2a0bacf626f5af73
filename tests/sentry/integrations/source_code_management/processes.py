"""Real processes over the database of a test."""

import os
import subprocess
import sys

from django.db import connection


def python(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of its own that runs a script; it may reach hosts on loopback."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "DATABASE_URL": _database_url(), "SCM_ALLOWED_HOSTS": "127.0.0.1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _database_url() -> str:
    values = connection.settings_dict
    if connection.vendor != "postgresql":
        return f"sqlite:///{values['NAME']}"
    who = f"{values['USER']}:{values['PASSWORD']}" if values["PASSWORD"] else values["USER"]
    return f"postgres://{who}@{values['HOST']}:{values['PORT'] or 5432}/{values['NAME']}"
