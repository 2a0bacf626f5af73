"""The metrics as Prometheus reads them, and who may."""

import hmac
import ipaddress
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from sentry.actions.tasks import queue_depths

# Importing it registers every metric, whether it was counted yet or not.
from sentry.utils import metrics as _metrics  # noqa: F401
from sentry.utils.metrics_folder import VARIABLE

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposition:
    """All metrics in Prometheus's text format."""

    content_type: str
    body: bytes


def read_metrics() -> Exposition:
    """The metrics of all processes of this server, and the depths of the queues."""
    registry = CollectorRegistry()
    if os.environ.get(VARIABLE):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_OwnProcess())
    registry.register(_Queues())
    return Exposition(content_type=CONTENT_TYPE_LATEST, body=generate_latest(registry))


class _OwnProcess:
    """What this process has counted, and what the library says of the process."""

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()


class _Queues:
    """The depths of the queues; left out where the database does not answer."""

    def collect(self) -> Iterator[Metric]:
        depths = GaugeMetricFamily(
            "sentry_tasks_queue_depth",
            "Tasks in each queue: pending ones wait or run, failed ones are given up.",
            labels=("queue", "state"),
        )
        waits = GaugeMetricFamily(
            "sentry_tasks_oldest_wait_seconds",
            "How long the task of each queue waits that could have been run first.",
            labels=("queue",),
        )
        try:
            for depth in queue_depths():
                depths.add_metric((depth.queue, "pending"), depth.pending)
                depths.add_metric((depth.queue, "failed"), depth.failed)
                waits.add_metric((depth.queue,), depth.oldest_wait.total_seconds())
        except DatabaseError:
            logger.exception("metrics.queue_depths_failed")
        yield from (depths, waits)


def may_read_metrics(*, address: str, authorization: str, is_forwarded: bool) -> bool:
    """Whether a request may read the metrics.

    Where ``SENTRY_METRICS_TOKEN`` is set, who presents it may, from everywhere, and nobody else.
    Without it, those may who connect from an address in ``SENTRY_METRICS_ALLOWED`` by themselves.

    Args:
        address: where the connection comes from; never what a proxy says that it serves.
        authorization: the header.
        is_forwarded: whether a proxy says that the request is another's.
    """
    token: str = settings.METRICS_TOKEN
    if token:
        expected = f"Bearer {token}".encode()
        return hmac.compare_digest(authorization.encode("utf-8", "surrogateescape"), expected)
    if is_forwarded:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in settings.METRICS_ALLOWED)
