"""Messages over real brokers: Redis and RabbitMQ, and one that is not there."""

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from kombu import Connection

from sentry.models import TaskRecord
from sentry.taskqueue import broker, messenger, registry, scheduler
from sentry.testutils.cases import TransactionTestCase
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "maintenance"
PATIENCE = 20

BROKERS = [
    pytest.param("REDIS", marks=pytest.mark.service("redis")),
    pytest.param("AMQP", marks=pytest.mark.service("rabbitmq")),
]


def use(settings, kind: str, url: str) -> None:
    settings.TASK_BROKER = kind
    settings.REDIS_URL = settings.AMQP_URL = url
    settings.REDIS_PREFIX = f"test-{secrets.token_hex(6)}:"
    settings.TASK_QUEUE_PREFIX = f"test-{secrets.token_hex(6)}."
    broker.app.cache_clear()
    broker.queue_of.cache_clear()


@pytest.fixture
def configured(settings, request: pytest.FixtureRequest, service_url: str) -> Iterator[str]:
    """A broker of the kind that the test is parametrized with, with queues of the test's own."""
    use(settings, request.node.callspec.params["kind"], service_url)
    with Connection(service_url, transport_options=broker.transport_options()) as connection:
        channel = connection.default_channel
        for name in registry.queues():
            broker.queue_of(name)(channel).declare()
        yield service_url
        for name in registry.queues():
            broker.queue_of(name)(channel).delete()
    broker.app().close()
    broker.app.cache_clear()
    broker.queue_of.cache_clear()


def messages(url: str) -> list[int]:
    """The record ids of the messages that wait, which are taken away."""
    found: list[int] = []
    with Connection(url, transport_options=broker.transport_options()) as connection:
        bound = broker.queue_of(QUEUE)(connection.default_channel)
        while (message := bound.get(no_ack=True)) is not None:
            found.append(message.payload[0][0])
    return found


def eventually(look: Callable[[], list[int]], count: int = 1) -> list[int]:
    """What the look finds, as soon as there is so much: RabbitMQ routes a message in its own time."""
    end = time.monotonic() + PATIENCE
    found = look()
    while len(found) < count and time.monotonic() < end:
        time.sleep(0.02)
        found += look()
    return found


@pytest.mark.parametrize("kind", BROKERS)
def test_the_message_is_sent_after_the_commit(configured: str, kind: str) -> None:
    from sentry.tasks import sweep_expired

    with transaction.atomic():  # a guard of all tests raises where the network is used in here
        number = sweep_expired.delay()
    assert eventually(lambda: messages(configured)) == [number]
    with transaction.atomic():
        sweep_expired.delay()
        transaction.set_rollback(True)
    sweep_expired.apply_async(countdown=60)
    assert messages(configured) == []


@pytest.mark.service("redis")
def test_everything_in_redis_stands_below_our_prefix(settings, service_url: str) -> None:
    """Else another installation would read our messages."""
    import redis

    from sentry.tasks import sweep_expired

    use(settings, "REDIS", service_url)
    with redis.Redis.from_url(service_url) as client:
        sweep_expired.delay()
        full = f"{settings.REDIS_PREFIX}{settings.TASK_QUEUE_PREFIX}{QUEUE}"
        assert client.llen(full) == 1
        client.delete(full)
    broker.app.cache_clear()
    broker.queue_of.cache_clear()


@pytest.mark.parametrize("kind", BROKERS)
def test_a_message_runs_its_record_once(configured: str, kind: str) -> None:
    from sentry.tasks import sweep_expired

    nonce = Factories.create_signature_nonce()
    type(nonce).objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    number = sweep_expired.delay()
    assert number is not None
    broker.run_record(number)
    broker.run_record(number)
    assert not TaskRecord.objects.exists()
    assert not type(nonce).objects.exists()


@pytest.mark.parametrize("kind", BROKERS)
def test_the_sweep_sends_what_has_no_message(configured: str, kind: str) -> None:
    lost = Factories.create_task_record()
    strange = Factories.create_task_record(name="gone.task")
    Factories.create_task_record(message_due_at=timezone.now() + timedelta(seconds=60))
    assert scheduler.resend() == 2
    assert sorted(eventually(lambda: messages(configured), 2)) == [lost.pk, strange.pk]
    assert scheduler.resend() == 0


class BrokerDownTest(TransactionTestCase):
    @pytest.fixture(autouse=True)
    def _given(self, settings, caplog: pytest.LogCaptureFixture, unused: str) -> Iterator[None]:
        self.caplog = caplog
        use(settings, "REDIS", f"redis://{unused}/0")
        yield
        broker.app.cache_clear()
        broker.queue_of.cache_clear()

    def test_a_broker_that_is_down_fails_nobody_and_is_left_alone_for_a_while(self):
        from sentry.tasks import sweep_expired

        sweep_expired.delay()
        sweep_expired.delay()
        assert TaskRecord.objects.count() == 2
        assert [each.getMessage() for each in self.caplog.records] == ["tasks.broker.unreachable"]
        assert scheduler.resend() == 0
        messenger.forget()
        TaskRecord.objects.update(message_due_at=timezone.now())
        assert scheduler.resend() == 0
        assert len(self.caplog.records) == 2


REFUSED = [
    pytest.param("amqp://guest:hunter2@{}//", marks=pytest.mark.service("rabbitmq")),
    pytest.param("amqp://guest:guest@{}/nowhere", marks=pytest.mark.service("rabbitmq")),
    pytest.param("redis://{}/99999", marks=pytest.mark.service("redis")),
    pytest.param("pigeon://{}", marks=pytest.mark.service("redis")),
    pytest.param("", marks=pytest.mark.service("redis")),
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_a_broker_refuses_is_told_at_the_start_and_fails_no_caller(
    settings, caplog: pytest.LogCaptureFixture, service_url: str, url: str
) -> None:
    from sentry.tasks import sweep_expired

    address = urlsplit(service_url)
    kind = "REDIS" if url.startswith("redis") else "AMQP"
    use(settings, kind, url.format(f"{address.hostname}:{address.port}"))
    with transaction.atomic():
        number = sweep_expired.delay()
    assert TaskRecord.objects.get().pk == number
    assert [each.getMessage() for each in caplog.records] == ["tasks.broker.unreachable"]
    with pytest.raises(ImproperlyConfigured, match=f"{kind}_URL") as caught:
        messenger.check()
    assert "hunter2" not in str(caught.value)
    forget_app()


@pytest.mark.parametrize("kind", ["REDIS", "AMQP"])
def test_a_broker_that_takes_connections_and_stays_silent_is_given_up(settings, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use(settings, kind, f"{kind.lower()}://127.0.0.1:{silent.getsockname()[1]}/0")
        assert not messenger.announce(1, QUEUE, 1)
        forget_app()


@pytest.mark.service("redis")
def test_no_wait_for_redis_is_longer_than_a_caller_may_wait(settings, service_url: str) -> None:
    use(settings, "REDIS", service_url)
    with broker.app().connection_for_write() as connection:
        channel: Any = connection.default_channel
        given = channel.client.connection_pool.connection_kwargs
    assert 0 < given["socket_timeout"] <= 2
    assert 0 < given["socket_connect_timeout"] <= 2
    forget_app()


def test_a_broker_that_is_down_keeps_no_service_from_its_start(
    settings, caplog: pytest.LogCaptureFixture, unused: str
) -> None:
    use(settings, "AMQP", f"amqp://{unused}//")
    messenger.check()
    assert [each.getMessage() for each in caplog.records] == ["tasks.broker.unreachable"]
    forget_app()


def forget_app() -> None:
    broker.app.cache_clear()
    broker.queue_of.cache_clear()


@pytest.fixture
def unused(unused_tcp_port: int) -> str:
    return f"127.0.0.1:{unused_tcp_port}"


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_broker_without_an_address_is_told(settings) -> None:
    settings.TASK_BROKER = "AMQP"
    settings.AMQP_URL = ""
    with pytest.raises(ImproperlyConfigured, match="SENTRY_TASK_BROKER=amqp needs AMQP_URL"):
        broker.broker_url()
