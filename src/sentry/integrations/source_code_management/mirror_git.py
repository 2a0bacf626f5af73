"""Runs git on a mirror: with an environment of our own, inside a deadline and a size.

Nothing that a host sends may run, ask, or reach elsewhere: no configuration but ours, no hooks, no
prompts, no helpers, no proxies, no replaced objects, and no fetch that was not asked for.
"""

import contextlib
import functools
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sentry.integrations.source_code_management.errors import DeadlineExceeded, HostUnavailable
from sentry.utils import deadline

# curloptResolve, which pins the address; older versions would ignore it in silence.
OLDEST_GIT = (2, 37)
_CHUNK = 64 * 1024
_STDERR_KEPT = 16 * 1024
_MAX_OUTPUT = 256 * 1024 * 1024
_MEMORY = 4 * 1024**3
_POLL = 0.1
_NO_TIME = 3600.0  # where no deadline was set; callers set one

# Holds for every command. A value here is one that a repository or a machine could try to change.
_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "core.gitProxy": "",
    "core.packedGitLimit": "512m",
    "core.packedGitWindowSize": "32m",
    "core.warnAmbiguousRefs": "false",
    "credential.helper": "",
    "credential.interactive": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.uriProtocols": "",  # a host must not name other places to fetch packs from
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "30",
    "http.postBuffer": str(64 * 1024 * 1024),  # a list of objects in one request, without a probe
    "http.proxy": "",
    "http.sslVerify": "true",
    "i18n.logOutputEncoding": "UTF-8",
    "log.mailmap": "false",
    "mailmap.blob": "",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.unpackLimit": "1",
}


class SizeExceededError(Exception):
    """A command was ended because the folder it writes to grew beyond its limit."""


class GitFailedError(Exception):
    """A command ended with ``status``; ``stderr`` is git's own text, which is never passed on."""

    def __init__(self, status: int, stderr: str) -> None:
        """Takes the exit status and the end of what git said."""
        super().__init__(f"git ended with status {status}")
        self.status = status
        self.stderr = stderr


class SizeWatch:
    """Bounds a folder while a command writes to it."""

    def __init__(self, folder: Path, limit: int, *, unfiltered_limit: int) -> None:
        """``unfiltered_limit`` holds in place of ``limit`` once the host refused to filter."""
        self._folder = folder
        self._limit = limit
        self._unfiltered = unfiltered_limit
        self._next = 0.0

    @property
    def largest_file(self) -> int:
        """What no file may reach, whatever happens between two looks."""
        return max(self._limit, self._unfiltered)

    def heard(self, stderr: bytes) -> None:
        """Listens to git: it warns when a host sends everything though asked to filter."""
        if b"filtering not recognized by server" in stderr:
            self._limit = self._unfiltered

    def is_due(self, now: float) -> bool:
        """Whether the last look was long enough ago; ``now`` is in monotonic seconds."""
        return now >= self._next

    def measure(self) -> int:
        """The bytes that the folder takes now."""
        began = time.monotonic()
        size = folder_bytes(self._folder)
        ended = time.monotonic()
        self._next = ended + max(_POLL, 5 * (ended - began))
        return size

    def judge(self, size: int) -> None:
        """Holds a size against the limit, once all is heard that was said when it was measured.

        Raises:
            SizeExceededError: the folder is larger than it may be.
        """
        if size > self._limit:
            raise SizeExceededError


def folder_bytes(folder: Path) -> int:
    """The bytes that a folder takes on disk, by its blocks; what vanishes meanwhile counts 0."""
    total = 0
    pending = [str(folder)]
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    return total


@functools.cache
def why_no_git() -> str:
    """Why this machine's git cannot keep mirrors; "" where it can. Looked up once."""
    if shutil.which("git") is None:
        return "this server has no git"
    told = subprocess.run(["git", "version"], capture_output=True, check=False).stdout.decode()
    match = re.search(r"(\d+)\.(\d+)", told)
    if match is None or (int(match[1]), int(match[2])) < OLDEST_GIT:
        return f"this server's git is older than {OLDEST_GIT[0]}.{OLDEST_GIT[1]}"
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Git:
    """Runs git with one bare repository.

    Attributes:
        git_dir: the repository.
        home: an empty folder that stands for the user's.
    """

    git_dir: Path
    home: Path

    def __call__(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        config: Sequence[tuple[str, str]] = (),
        protocol: str = "",
        watch: SizeWatch | None = None,
    ) -> bytes:
        """Runs one command to its end; what it printed.

        Args:
            arguments: the command and its arguments, without a secret.
            stdin: what it reads.
            config: further configuration; reaches git by the environment, so that a secret shows
                neither on the command line nor on disk.
            protocol: the one transport that it may use; "" for none.
            watch: bounds what it writes.

        Raises:
            GitFailedError: it ended with another status than 0.
            SizeExceededError: ``watch`` ended it.
            DeadlineExceeded: the caller's time was up; every process that it had started is gone.
            HostUnavailable: it printed more than can be meant.
        """
        process = subprocess.Popen(
            ["git", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(config, protocol),
            cwd=self.home,
            start_new_session=True,  # no terminal to ask on, and one group to end
        )
        running = _Running(process, stdin, watch)
        try:
            _limit_resources(process.pid, watch)
            running.finish()
        except BaseException:
            running.kill()
            raise
        if process.returncode != 0:
            stderr = running.stderr.decode("utf-8", "replace")
            if process.returncode == -signal.SIGXFSZ or f"signal {signal.SIGXFSZ}" in stderr:
                raise SizeExceededError
            raise GitFailedError(process.returncode, stderr)
        return bytes(running.stdout)

    def _environment(self, config: Sequence[tuple[str, str]], protocol: str) -> dict[str, str]:
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "LC_ALL": "C",
            "GIT_DIR": str(self.git_dir),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": protocol or "none",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        authorities = os.environ.get("SSL_CERT_FILE")  # the operator's own, as for every request
        if authorities:
            variables["GIT_SSL_CAINFO"] = authorities
        pairs = [*_CONFIG.items(), *config]
        for number, (key, value) in enumerate(pairs):
            variables[f"GIT_CONFIG_KEY_{number}"] = key
            variables[f"GIT_CONFIG_VALUE_{number}"] = value
        return variables | {"GIT_CONFIG_COUNT": str(len(pairs))}


class _Running:
    """A process whose pipes are served until they close, or until it may no longer run."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdin: bytes, watch: SizeWatch | None
    ) -> None:
        self._process = process
        self._stdin = memoryview(stdin)
        self._watch = watch
        self.stdout = bytearray()
        self.stderr = bytearray()

    def finish(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            while selector.get_map():
                self._serve(selector)
        try:
            self._process.wait(timeout=deadline.remaining(_NO_TIME))
        except subprocess.TimeoutExpired:
            raise DeadlineExceeded from None
        if self._watch is not None:
            self._watch.judge(self._watch.measure())

    def kill(self) -> None:
        """Ends the whole group; nothing of it is left behind."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in self._pipes():
            with contextlib.suppress(OSError):
                pipe.close()

    def _pipes(self) -> Iterator[IO[bytes]]:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                yield pipe

    def _register(self, selector: selectors.BaseSelector) -> None:
        stdin, *outputs = self._pipes()
        for pipe in outputs:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        if self._stdin:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE)
        else:
            stdin.close()

    def _serve(self, selector: selectors.BaseSelector) -> None:
        """Moves what is ready, then looks at the clock and at the size."""
        left = deadline.remaining(_NO_TIME)
        if left <= 0:
            raise DeadlineExceeded
        for key, _ in selector.select(min(left, _POLL) if self._watch else left):
            pipe: IO[bytes] = key.fileobj  # type: ignore[assignment] # registered above
            ended = self._write(pipe) if pipe is self._process.stdin else self._read(pipe)
            if ended:
                selector.unregister(pipe)
                pipe.close()
        if self._watch is not None and self._watch.is_due(time.monotonic()):
            self._look(self._watch)

    def _look(self, watch: SizeWatch) -> None:
        """Measures first and listens then: git warns before it writes what nobody filtered."""
        size = watch.measure()
        stderr = self._process.stderr
        if stderr is not None and not stderr.closed:
            with contextlib.suppress(BlockingIOError):
                self._read(stderr)  # one chunk: a pipe holds no more
        watch.judge(size)

    def _write(self, pipe: IO[bytes]) -> bool:
        try:
            sent = os.write(pipe.fileno(), self._stdin[:_CHUNK])
        except BlockingIOError:
            return False
        except BrokenPipeError:
            return True
        self._stdin = self._stdin[sent:]
        return not self._stdin

    def _read(self, pipe: IO[bytes]) -> bool:
        chunk = os.read(pipe.fileno(), _CHUNK)
        if pipe is self._process.stdout:
            self.stdout += chunk
            if len(self.stdout) > _MAX_OUTPUT:
                raise HostUnavailable("git printed more than can be read")
        else:
            self.stderr += chunk
            if self._watch is not None:
                self._watch.heard(bytes(self.stderr))
            del self.stderr[:-_STDERR_KEPT]
        return not chunk


def _limit_resources(pid: int, watch: SizeWatch | None) -> None:
    """Bounds memory and files of a process and of all that it starts, where the system can."""
    if sys.platform != "linux":
        return
    limits = {resource.RLIMIT_AS: _MEMORY, resource.RLIMIT_CORE: 0}
    if watch is not None:
        limits[resource.RLIMIT_FSIZE] = watch.largest_file
    with contextlib.suppress(ProcessLookupError):
        for kind, most in limits.items():
            resource.prlimit(pid, kind, (most, most))


def file_of_ids(ids: Sequence[str]) -> bytes:
    """Object ids, one a line, as git reads them."""
    return "".join(f"{each}\n" for each in ids).encode("ascii")
