"""Every metric of the platform, and one function for each thing that is counted.

Labels have few values: names of RPCs, of URLs, of providers; never a path, an id or a caller. A
process that serves beside others shares its numbers in the folder ``PROMETHEUS_MULTIPROC_DIR``,
which the server's parent makes before any of this is imported.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_DURATIONS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
)  # fmt: skip

_rpc_requests = Counter(
    "sentry_rpc_requests", "RPCs by method and gRPC code.", labelnames=("method", "code")
)
_rpc_duration = Histogram(
    "sentry_rpc_duration_seconds",
    "How long RPCs take, streams to their end.",
    labelnames=("method",),
    buckets=_DURATIONS,
)
_rest_requests = Counter(
    "sentry_rest_requests",
    "HTTP requests by the name of their URL, method and status.",
    labelnames=("endpoint", "method", "status"),
)
_rest_duration = Histogram(
    "sentry_rest_duration_seconds",
    "How long HTTP requests take.",
    labelnames=("endpoint",),
    buckets=_DURATIONS,
)
_host_requests = Counter(
    "sentry_host_requests",
    "Requests to source-code hosts by HTTP status; error: no answer; blocked: not sent.",
    labelnames=("provider", "status"),
)
_host_duration = Histogram(
    "sentry_host_request_duration_seconds",
    "How long requests to source-code hosts take.",
    labelnames=("provider",),
    buckets=_DURATIONS,
)
_host_remaining = Gauge(
    "sentry_host_rate_limit_remaining",
    "What the latest answer that told it left of a host's rate limit.",
    labelnames=("provider", "bucket"),
    multiprocess_mode="mostrecent",
)
_tasks = Counter("sentry_tasks", "Runs of tasks by outcome.", labelnames=("task", "outcome"))
_task_duration = Histogram(
    "sentry_task_duration_seconds",
    "How long runs of tasks take.",
    labelnames=("task",),
    buckets=_DURATIONS,
)


class _Counted:
    """A counter and a histogram for each combination of labels, found by one look-up."""

    def __init__(self, counter: Counter, histogram: Histogram) -> None:
        self._counter, self._histogram = counter, histogram
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, *labels: str) -> None:
        """One more under these labels."""
        counter = self._counters.get(labels)
        if counter is None:
            counter = self._counters[labels] = self._counter.labels(*labels)
        counter.inc()

    def observe(self, name: str, seconds: float) -> None:
        """One that took so long, under its first label."""
        histogram = self._histograms.get(name)
        if histogram is None:
            histogram = self._histograms[name] = self._histogram.labels(name)
        histogram.observe(seconds)


_rpc = _Counted(_rpc_requests, _rpc_duration)
_rest = _Counted(_rest_requests, _rest_duration)
_host = _Counted(_host_requests, _host_duration)
_task = _Counted(_tasks, _task_duration)


def rpc_finished(method: str, code: str, seconds: float) -> None:
    """An RPC is done: its method's name, its code's name ("NOT_FOUND"), and its seconds."""
    _rpc.count(method, code)
    _rpc.observe(method, seconds)


def rpc_refused(method: str, code: str) -> None:
    """A request that never became a call; "unknown" is the method that no proto has."""
    _rpc.count(method, code)


def rest_finished(endpoint: str, method: str, status: int, seconds: float) -> None:
    """An HTTP request is done: its URL's name, its method and status, and its seconds."""
    _rest.count(endpoint, method, str(status))
    _rest.observe(endpoint, seconds)


def host_finished(provider: str, status: int, seconds: float) -> None:
    """One try of a request to a host; ``status`` 0 where there was no answer."""
    _host.count(provider, str(status) if status else "error")
    _host.observe(provider, seconds)


def host_blocked(provider: str) -> None:
    """A request that was not sent, because the host's limit is known to be used up."""
    _host.count(provider, "blocked")


def host_remaining(provider: str, bucket: str, remaining: int) -> None:
    """What an answer says is left of a host's limit."""
    _host_remaining.labels(provider, bucket or "all").set(remaining)


def task_finished(task: str, outcome: str, seconds: float) -> None:
    """A run of a task is done: its name, its outcome, and its seconds.

    The outcome is "succeeded", "retried", "failed", or "lost" where another run took its record.
    """
    _task.count(task, outcome)
    _task.observe(task, seconds)
