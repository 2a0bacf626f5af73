"""Runs the web server: granian, or gunicorn as the alternative.

Both serve ``sentry.wsgi:application``, granian over HTTP/1.1 and HTTP/2, gunicorn over HTTP/1.1.
Both stop gracefully on SIGTERM and print one line with the URL once a worker accepts requests.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from multiprocessing.synchronize import Lock
    from wsgiref.types import WSGIApplication

TARGET = "sentry.wsgi:application"
GRACE = 30
# Tells gunicorn, which replaces this program, how many runners of background work to keep.
RUNNERS = "_SENTRY_RUNNERS"
# granian counts open connections here, idle ones too, and leaves further ones waiting. It must be
# far above the number of threads, or a few idle keep-alive connections would shut everyone out.
CONNECTIONS_PER_WORKER = 1024
_BACKLOG = 1024
# How often a worker looks for the end of its parent, in seconds.
_LOOK = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerConfig:
    """How to serve. ``port`` 0 means any free one; ``threads`` are per worker."""

    host: str
    port: int
    workers: int
    threads: int
    reload: bool = False


def url_of(host: str, port: int) -> str:
    """The URL at which a server on this address is reached from the same machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only read here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def announce(host: str, port: int) -> None:
    """Prints the line that says where the server listens."""
    click.echo(f"Listening on {url_of(host, port)}")


def free_port(host: str, port: int) -> int:
    """The port, or any free one for 0, after making sure that nobody listens there.

    Raises:
        click.ClickException: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            text = f"cannot listen on {host} port {port}: {error.strerror}"
            raise click.ClickException(text) from error
        number: int = probe.getsockname()[1]
    return number


class _Loader:
    """Loads the application in a worker; the first worker that accepts prints the line."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._parent = os.getpid()
        self._unsaid: Lock = multiprocessing.Lock()

    def __call__(self) -> "WSGIApplication":
        # Forked, it has the supervisor's handler until granian sets the worker's: a SIGTERM that
        # came while the application loads would be lost, and the supervisor would wait for GRACE.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        from sentry.wsgi import application  # noqa: PLC0415 - in the worker, once

        for does in (self._announce, self._follow_parent):
            threading.Thread(target=does, name=does.__name__, daemon=True).start()
        return application

    def _follow_parent(self) -> None:
        """Ends the worker when its parent is gone, however that ended: nobody would stop it."""
        while os.getppid() == self._parent:
            threading.Event().wait(_LOOK)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE)
        os.kill(os.getpid(), signal.SIGKILL)

    def _announce(self) -> None:
        if not self._unsaid.acquire(block=False):  # never released: the line is printed once
            return
        while True:
            try:
                socket.create_connection((self._host, self._port), timeout=1).close()
            except OSError:
                threading.Event().wait(0.02)
            else:
                announce(self._host, self._port)
                return


def serve_granian(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises:
        click.ClickException: the address is taken.
        SystemExit: with status 1 where a new worker failed within seconds of its start; one that
            fails later is replaced.
    """
    from granian.constants import Interfaces  # noqa: PLC0415 - loaded by this command alone
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    port = free_port(config.host, config.port)
    server = Server(
        TARGET,
        address=config.host,
        port=port,
        interface=Interfaces.WSGI,
        workers=config.workers,
        blocking_threads=config.threads,
        blocking_threads_idle_timeout=600,
        backlog=_BACKLOG,
        backpressure=CONNECTIONS_PER_WORKER,
        websockets=False,
        workers_kill_timeout=GRACE,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {"console": _STDERR, "access": _STDERR}},
    )
    server.serve(target_loader=_Loader(config.host, port), wrap_loader=False)


_STDERR = {
    "class": "logging.StreamHandler",
    "formatter": "generic",
    "stream": "ext://sys.stderr",
}


def serve_gunicorn(config: ServerConfig, *, runners: int = 0) -> None:
    """Becomes gunicorn with threaded workers, which serve until SIGTERM or SIGINT.

    ``runners`` of background work are started and kept by gunicorn's first process.

    Raises:
        click.ClickException: the address is taken.
    """
    port = free_port(config.host, config.port)
    host = f"[{config.host}]" if ":" in config.host else config.host
    arguments = [
        *("--config", "python:sentry.runner.gunicorn_conf"),
        *("--bind", f"{host}:{port}"),
        *("--workers", str(config.workers)),
        *("--threads", str(config.threads)),
        *(["--reload"] if config.reload else []),
        TARGET,
    ]
    os.environ[RUNNERS] = str(runners)
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606
