"""Asks a web server on this machine whether it lives: a container engine's health check.

``python -m sentry.runner.healthcheck http://127.0.0.1:9000/_health/`` ends with status 0 where the
answer is 200, else with status 1 and one line. It loads nothing of the platform, and sends a Host
header that ``SENTRY_ALLOWED_HOSTS`` allows.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

_TIMEOUT = 5


def allowed_host(environment: Mapping[str, str]) -> str:
    """A host name under which the server answers."""
    first = environment.get("SENTRY_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "localhost" if first in {"", "*"} else first


def check(url: str, host: str) -> str | None:
    """Asks once; None where the server lives, else what is wrong."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path, headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}"
    finally:
        connection.close()
    return None if status == HTTPStatus.OK else f"status {status}"


def main() -> int:
    """Checks the URL of the command line."""
    wrong = check(sys.argv[1], allowed_host(os.environ))
    if wrong:
        sys.stderr.write(f"{wrong}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
