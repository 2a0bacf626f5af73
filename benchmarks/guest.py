"""How few requests a host gets for blame, and what the memory of blames spares.

Each measurement has an installation of its own in a temporary folder, on SQLite without Redis, and
emulated hosts in this process, which count what they are asked.
"""

import http.client
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from benchmarks import calls, hosts, seed
from benchmarks.report import Figure, at_most, exactly, ratio_of_rounds
from forge_emulator import Emulator
from forge_emulator.dialects import DIALECTS

ROUNDS = 7
CALLS = 20
TOGETHER = 100
PATIENCE = 60
GITHUB = "github"
FRAMES = 30
_HEAD = struct.Struct(">BI")


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A filled installation and the hosts that it reaches, by provider."""

    home: Path
    history: hosts.History
    emulators: Mapping[str, Emulator]
    repositories: Mapping[str, int]
    sha: str
    api_key: str = field(repr=False)

    def question(self, provider: str, path: str, line: int) -> Any:
        """A line to blame as of the newest commit."""
        from sentry.integrations.grpc.generated import scm_pb2

        return scm_pb2.GetCommitContextRequest(
            repository_id=self.repositories[provider],
            commit_sha=self.sha,
            filepath=path,
            line_number=line,
        )

    def requests(self, provider: str) -> int:
        """How many requests its host had since the last look."""
        count = len(self.emulators[provider].requests)
        self.emulators[provider].clear_requests()
        return count


def _environment(home: Path) -> dict[str, str]:
    own = {"SCM_ALLOWED_HOSTS": "127.0.0.1", "SCM_MIRRORS_DIR": str(home / "mirrors")}
    kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return {**kept, **seed.environment(home), **own}


@contextmanager
def guest(providers: Sequence[str]) -> Iterator[Guest]:
    """An installation with an integration for each provider, all over the same repository."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        history = hosts.make_history(Path(folder) / "shop")
        emulators = {
            provider: stack.enter_context(hosts.emulated(provider, history.path))
            for provider in providers
        }
        wanted = {
            provider: dict(hosts.HOSTS[provider].metadata(emulator.url))
            for provider, emulator in emulators.items()
        }
        facts = json.loads(_setup(home, given=json.dumps(wanted)))
        for emulator in emulators.values():
            emulator.clear_requests()
        yield Guest(
            home=home, history=history, emulators=emulators, sha=history.head(),
            repositories=facts["repositories"], api_key=facts["api_key"],
        )  # fmt: skip


@contextmanager
def web(
    data: Guest, *, threads: int = 4, options: Mapping[str, str] | None = None
) -> Iterator["Client"]:
    """A web process of the installation, with these variables besides."""
    command = [sys.executable, "-m", "sentry.runner.main", "run", "web", "--no-tasks"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--threads", str(threads)],
        cwd=seed.TOP,
        env={**_environment(data.home), **(options or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"istening on http://[^:]+:(\d+)", line):
                yield Client(int(found[1]), data.api_key)
                return
        raise RuntimeError("the server did not start")
    finally:
        process.terminate()
        process.communicate()


class Client:
    """Calls one web process over gRPC-Web; a connection for each thread that calls."""

    def __init__(self, port: int, api_key: str) -> None:
        """Connects when it is first used."""
        self._port = port
        self._headers = {"x-api-key": api_key, "content-type": calls.CONTENT_TYPE}
        self._own = threading.local()

    def call[M: Message](self, method: str, request: Message, answer: type[M]) -> M:
        """One call.

        Raises:
            RuntimeError: it failed.
        """
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._own.connection = connection
        connection.request("POST", calls.SERVICE + method, calls.framed(request), self._headers)
        body = connection.getresponse().read()
        flag, length = _HEAD.unpack_from(body)
        if flag:
            raise RuntimeError(body[_HEAD.size :].decode("latin-1"))
        return answer.FromString(body[_HEAD.size : _HEAD.size + length])

    def blame(self, question: Message) -> str:
        """The commit that a line is blamed on."""
        from sentry.integrations.grpc.generated import scm_pb2

        return self.call("GetCommitContext", question, scm_pb2.CommitContext).blame_commit_id


def cached(_data: seed.Seed) -> Iterable[Figure]:
    """A blame that is remembered over one for which the host is asked, of the same line."""
    off = {"SENTRY_OPTION_SCM_BLAME_CACHE_TTL": "0"}
    with guest([GITHUB]) as data, web(data) as ours, web(data, options=off) as asking:
        question = data.question(GITHUB, hosts.FILES[0], 7)
        found = {client.blame(question) for client in (ours, asking)}
        data.requests(GITHUB)
        rounds = []
        for _ in range(ROUNDS):
            pair = [_seconds(client, question) for client in (ours, asking)]
            rounds.append((pair[0], pair[1]))
        why = "" if found == {data.history.owner(hosts.FILES[0], 7)} else "git blames another"
        if data.requests(GITHUB) != ROUNDS * CALLS:
            why = "a blame was asked for that was to be remembered, or the other way round"
    yield Figure(
        name="blame_cached_over_uncached",
        value=ratio_of_rounds(rounds),
        unit="ratio",
        bar=at_most(0.2),
        invalid=why,
    )


def _seconds(client: Client, question: Message) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        client.blame(question)
    return time.perf_counter() - began


def single_flight(_data: seed.Seed) -> Iterable[Figure]:
    """Requests to the host for many identical blames at once, in two web processes."""
    with (
        guest([GITHUB]) as data,
        web(data, threads=TOGETHER // 2) as first,
        web(data, threads=TOGETHER // 2) as second,
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        together = threading.Barrier(TOGETHER)
        question = data.question(GITHUB, hosts.FILES[0], 7)

        def one(number: int) -> str:
            together.wait(PATIENCE)
            return (first, second)[number % 2].blame(question)

        found = set(pool.map(one, range(TOGETHER)))
        value = data.requests(GITHUB)
        why = "" if found == {data.history.owner(hosts.FILES[0], 7)} else "git blames another"
    yield Figure(
        name="single_flight_requests", value=value, unit="requests", bar=exactly(1), invalid=why
    )


def batches(_data: seed.Seed) -> Iterable[Figure]:
    """Requests for one batch of 30 lines in 10 files, by provider.

    Another file is blamed before, so that what a process or a mirror keeps is there: the mirror,
    and the details of commits, which Bitbucket Data Center leaves out of its blame. The last figure
    is for a process that does not know them yet.
    """
    off = {"SENTRY_OPTION_SCM_BLAME_CACHE_TTL": "0"}
    providers = providers_here()
    with guest(providers) as data, web(data) as client, web(data, options=off) as fresh:
        wrong = [each for each in providers if not _is_right(data, client, each, [hosts.OTHER])]
        for provider in providers:
            data.requests(provider)
        warm = {each: _requests(data, client, each) for each in providers}
        cold = {each: _requests(data, fresh, each) for each in providers}
    print(f"requests for a batch: {warm}; in a new process: {cold}", file=sys.stderr)
    why = f"git blames others on {', '.join(wrong)}" if wrong else ""
    yield from batch_figures(warm, cold, files=hosts.FILES, why=why)


def batch_figures(
    warm: Mapping[str, float], cold: Mapping[str, float], *, files: Sequence[str], why: str = ""
) -> Iterable[Figure]:
    """The figures of what a batch of lines in these files took, by provider; ``why`` they are void.

    Infinitely many requests are those of a wrong answer.
    """
    others = [count / len(files) for provider, count in warm.items() if provider != GITHUB]
    if math.inf in warm.values() or math.inf in cold.values():
        why = "git blames others"
    for name, value, bar in (
        ("batch_blame_requests", warm[GITHUB], exactly(1)),
        ("batch_blame_requests_per_file_max", max(others, default=math.inf), at_most(1)),
        ("batch_blame_requests_per_file_cold_max", max(cold.values()) / len(files), None),
    ):
        yield Figure(name=name, value=value, unit="requests", bar=bar, invalid=why)


def _requests(data: Guest, client: Client, provider: str) -> float:
    """Requests for a batch; infinitely many where an answer is wrong."""
    is_right = _is_right(data, client, provider, hosts.FILES)
    count = data.requests(provider)
    return count if is_right else math.inf


def _is_right(data: Guest, client: Client, provider: str, files: Sequence[str]) -> bool:
    """Asks for 30 lines in all; whether git says the same of each."""
    from sentry.integrations.grpc.generated import scm_pb2

    lines = range(1, FRAMES // len(files) + 1)
    asked = [(path, line) for line in lines for path in files]
    request = scm_pb2.BatchGetCommitContextRequest(
        requests=[data.question(provider, path, line) for path, line in asked]
    )
    answer = client.call("BatchGetCommitContext", request, scm_pb2.BatchGetCommitContextResponse)
    owners = [result.context.blame_commit_id for result in answer.results]
    return owners == [data.history.owner(path, line) for path, line in asked]


def providers_here() -> list[str]:
    """Every provider that is registered and that the emulator has a dialect for, GitHub first."""
    with tempfile.TemporaryDirectory() as home:
        registered = json.loads(_setup(Path(home), "providers"))
    keys = set(registered) & set(DIALECTS)
    return sorted(keys, key=lambda key: (key != GITHUB, key))


def _setup(home: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.guest_setup", *arguments],
        cwd=seed.TOP, env=_environment(home), check=True, text=True, input=given,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    return done.stdout
