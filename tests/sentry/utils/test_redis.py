"""One pool of connections for each address."""

from sentry.utils.redis import redis_client


def test_the_client_is_kept(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/3"
    client = redis_client()
    assert redis_client() is client
    assert client.connection_pool.connection_kwargs["db"] == 3
    settings.REDIS_URL = "redis://127.0.0.1:1/4"
    assert redis_client() is not client
