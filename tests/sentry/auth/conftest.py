"""Where the stores of nonces and rate limits live: the database, and Redis where there is one."""

import uuid

import pytest

from sentry.testutils import services


@pytest.fixture
def redis_store(settings):
    """Redis with a prefix of this test alone."""
    address = services.find("redis")
    assert address is not None
    settings.REDIS_URL = address
    settings.REDIS_PREFIX = f"test-{uuid.uuid4().hex}:"
    from sentry.utils.redis import redis_client

    yield redis_client()
    for name in redis_client().scan_iter(f"{settings.REDIS_PREFIX}*"):
        redis_client().delete(name)


@pytest.fixture(params=["database", pytest.param("redis", marks=pytest.mark.service("redis"))])
def store(request):
    """Each of the two stores."""
    if request.param == "redis":
        request.getfixturevalue("redis_store")
    return request.param


@pytest.fixture
def dead_redis(settings):
    """A Redis that nobody answers for."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
