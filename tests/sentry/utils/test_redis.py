"""One pool of connections for each address; what failing stores raise."""

import subprocess
import sys

import pytest
from django.db import DatabaseError

from sentry.utils.redis import redis_client, store_errors


def test_the_client_is_kept(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/3"
    client = redis_client()
    assert redis_client() is client
    assert client.connection_pool.connection_kwargs["db"] == 3
    settings.REDIS_URL = "redis://127.0.0.1:1/4"
    assert redis_client() is not client


def test_a_redis_that_does_not_answer_is_one_of_the_errors_of_stores(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/3"
    with pytest.raises(store_errors()):
        redis_client().ping()
    assert DatabaseError in store_errors()


def test_without_an_address_the_library_is_not_loaded(tmp_path) -> None:
    code = (
        "import sys; from sentry.runner import configure; configure(); import sentry.wsgi;"
        "from sentry.utils.redis import store_errors; store_errors();"
        "print('redis' in sys.modules)"
    )
    environment = {"SENTRY_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert told.strip() == "False"
