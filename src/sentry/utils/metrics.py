"""Every metric of the platform, and one function for each thing that is counted.

Each histogram's ``_count`` is the number of requests or runs, by the same labels. Labels have few
values: names of RPCs, of URLs, of providers; never a path, an id or a caller. A process that serves
beside others shares its numbers in the folder ``PROMETHEUS_MULTIPROC_DIR``, which the server's
parent makes before any of this is imported.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_DURATIONS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0)


class _Durations:
    """A histogram of seconds. The library's look-up of labels costs more than to count them."""

    def __init__(self, name: str, help: str, *labels: str) -> None:  # noqa: A002 - as the library has it
        self.histogram = Histogram(name, help, labelnames=labels, buckets=_DURATIONS)
        self._children: dict[tuple[str, ...], Histogram] = {}

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self.histogram.labels(*labels)
        child.observe(seconds)


_rpc = _Durations(
    "sentry_rpc_duration_seconds",
    "RPCs by method and gRPC code, and how long they take, streams to their end.",
    "method",
    "code",
)
_rest = _Durations(
    "sentry_rest_duration_seconds",
    "HTTP requests by the name of their URL, method and status, and how long they take.",
    "endpoint",
    "method",
    "status",
)
_host = _Durations(
    "sentry_host_request_duration_seconds",
    "Requests to source-code hosts by HTTP status, and how long they take;"
    " error: no answer; blocked, circuit: not sent.",
    "provider",
    "status",
)
_host_remaining = Gauge(
    "sentry_host_rate_limit_remaining",
    "What the latest answer that told it left of a host's rate limit.",
    labelnames=("provider", "bucket"),
    multiprocess_mode="mostrecent",
)
_task = _Durations(
    "sentry_task_duration_seconds",
    "Runs of tasks by outcome, and how long they take.",
    "task",
    "outcome",
)
_webhooks = Counter(
    "sentry_webhook_deliveries",
    "Deliveries of hosts: stored, known (a repeat), or refused.",
    labelnames=("provider", "outcome"),
)


def rpc_finished(method: str, code: str, seconds: float) -> None:
    """An RPC is done: its method's name, its code's name ("NOT_FOUND"), and its seconds.

    The method of a request that names none is "unknown".
    """
    _rpc.observe((method, code), seconds)


def rest_finished(endpoint: str, method: str, status: int, seconds: float) -> None:
    """An HTTP request is done: its URL's name, its method and status, and its seconds."""
    _rest.observe((endpoint, method, str(status)), seconds)


def host_finished(provider: str, status: int, seconds: float) -> None:
    """One try of a request to a host; ``status`` 0 where there was no answer."""
    _host.observe((provider, str(status) if status else "error"), seconds)


def host_blocked(provider: str) -> None:
    """A request that was not sent, because the host's limit is known to have no room for it."""
    _host.observe((provider, "blocked"), 0.0)


def host_circuit_open(provider: str) -> None:
    """A request that was not sent, because the host failed several times in a row."""
    _host.observe((provider, "circuit"), 0.0)


def host_remaining(provider: str, bucket: str, remaining: int) -> None:
    """What an answer says is left of a host's limit."""
    _host_remaining.labels(provider, bucket or "all").set(remaining)


def task_finished(task: str, outcome: str, seconds: float) -> None:
    """A run of a task is done: its name, its outcome, and its seconds.

    The outcome is "succeeded", "retried", "failed", or "lost" where another run took its record.
    """
    _task.observe((task, outcome), seconds)


def webhook_answered(provider: str, outcome: str) -> None:
    """A delivery was answered: "stored", "known" or "refused"."""
    _webhooks.labels(provider, outcome).inc()
