"""A session whose network, clocks and chance are the test's."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import (
    HostResponse,
    next_link,
    seconds_of,
)
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_limits import Limit, Quota, header_quota
from sentry.integrations.source_code_management.http_runtime import HttpRuntime

BASE = "https://forge.example/api"
SECRET = "s3cr3t-token"


@dataclass
class FakeAuth:
    """A credential; ``spares`` are the ones that a renewal gives."""

    token: str = SECRET
    spares: list[str] = field(default_factory=list)
    rejected: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return digest("fake", self.token)

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:
        self.rejected.append(rejected)
        if not self.spares:
            return False
        self.token = self.spares.pop(0)
        return True


class FakeDialect:
    """429 is a limit; ``x-left: 0`` says that the rest is used up."""

    provider = "fake"

    def headers(self) -> dict[str, str]:
        return {"accept": "application/json", "user-agent": "test"}

    def bucket(self, path: str) -> str:
        return "search" if "/search" in path else "core"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        wait = seconds_of(response.headers.get("retry-after"), now=now)
        if response.status == 429:
            return Limit(seconds=60.0 if wait is None else wait, is_guess=wait is None)
        if response.headers.get("x-left") == "0":
            return Limit(seconds=wait or 0.0, bucket=bucket, refused=False)
        return None

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        left = response.headers.get("x-left")
        return None if left is None else Quota(remaining=int(left))

    def lacking(self, response: HostResponse) -> str:
        return response.headers.get("x-lacking", "")

    def next_page(self, response: HostResponse) -> str | None:
        return next_link(response.headers)


class TellingDialect(FakeDialect):
    """A host that tells of its limit in ``x-quota-remaining``, ``-limit`` and ``-reset``.

    A 200 with ``retry-after`` delays what follows.
    """

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        return header_quota(response.headers, "x-quota", now=now)

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        wait = seconds_of(response.headers.get("retry-after"), now=now)
        if response.status == 200 and wait is not None:
            return Limit(seconds=wait, bucket=bucket, refused=False)
        return super().limit(response, bucket=bucket, now=now)


class Chunks(httpx.SyncByteStream):
    """A body that comes in pieces, counts them, and can take time or break off."""

    def __init__(self, *pieces: bytes | Exception, between: Callable[[], None] = lambda: None):
        self.pieces = pieces
        self.between = between
        self.given = 0
        self.closed = False

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            self.given += 1
            yield piece
            self.between()

    def close(self) -> None:
        self.closed = True


class World:
    """The far side: answers in order, the last one for ever, and notes what was asked."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[..., httpx.Response]):
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.now = 1000.0
        self.slept: list[float] = []
        self.auth = FakeAuth()
        self.runtime = HttpRuntime(
            transport=lambda: httpx.MockTransport(self.answer),
            clock=lambda: self.now,
            wall_clock=lambda: self.now,
            sleep=self.sleep,
            random=lambda: 1.0,
            count_share=self.count_share,
        )
        self.dialect = FakeDialect()
        self.counts: Counter[tuple[str, int]] = Counter()
        self.session = self.session_with(self.auth)

    def session_with(self, auth: FakeAuth, base: str = BASE) -> HostSession:
        return HostSession(base, auth=auth, dialect=self.dialect, runtime=self.runtime)

    def telling(self) -> "World":
        """The same far side, whose host tells of its limit."""
        self.dialect = TellingDialect()
        self.session = self.session_with(self.auth)
        return self

    def count_share(self, key: str, window: int, keep: float) -> int:
        assert keep > 0
        self.counts[key, window] += 1
        return self.counts[key, window] - 1

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]


def ok(body: object = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, json={} if body is None else body, headers=named)
