"""gunicorn's configuration (a module of settings and hooks, as gunicorn's documentation has it)."""

import os
import socket
from typing import Protocol

from sentry.runner.server import CONNECTIONS_PER_WORKER, GRACE, RUNNERS, announce
from sentry.runner.supervisor import Keeper
from sentry.utils.metrics_folder import remove_metrics_folder

worker_class = "sentry.runner.gunicorn_worker.Worker"
worker_connections = CONNECTIONS_PER_WORKER
graceful_timeout = GRACE
keepalive = 5
loglevel = "warning"


class _Worker(Protocol):
    """What is used of gunicorn's worker: its number, counted from 1, and its sockets."""

    age: int
    sockets: list[socket.socket]


_keeper = Keeper(int(os.environ.get(RUNNERS, "0")))


def when_ready(_server: object) -> None:
    """The first process listens: starts the runners of background work beside it."""
    _keeper.start()


def on_exit(_server: object) -> None:
    """The last worker has ended."""
    _keeper.stop()
    remove_metrics_folder()


def post_worker_init(worker: _Worker) -> None:
    """The first worker has loaded the application: says where it listens."""
    if worker.age == 1:
        host, port = worker.sockets[0].getsockname()[:2]
        announce(host, port)
