"""Decides whether a request may go out to a host now, and learns from each answer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from sentry import options
from sentry.integrations.source_code_management.errors import HostRateLimited, HostUnavailable
from sentry.integrations.source_code_management.http_answers import Transient
from sentry.integrations.source_code_management.http_breaker import BreakerRule
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_limits import Limit, Quota
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.http_shares import take_from_share
from sentry.integrations.source_code_management.http_wire import Call, TimeLimit
from sentry.utils import metrics

logger = logging.getLogger(__name__)

LONGEST_WAIT = 5.0  # a thread waits with it
_UNKNOWN_RESET = 60.0


class Verdict:
    """What a request says of its host's health: nothing, until ``heard`` has its answer."""

    is_well: bool | None = None

    def heard(self, status: int, *, passed: frozenset[int]) -> None:
        """Judges an answer: 5xx is a failure, unless the question alone was to blame."""
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in passed
        self.is_well = not failed


class Gate:
    """The way to one host with one credential: its limits, its shares, its circuit."""

    def __init__(self, base_url: str, identity: str, runtime: HttpRuntime) -> None:
        """Takes the host's base URL and the credential's digest."""
        self._host = base_url
        self._budget = digest(base_url, identity)
        self._runtime = runtime

    # --- limits ------------------------------------------------------------------------------

    def wait_for_limit(self, provider: str, bucket: str, limit: TimeLimit) -> None:
        """Waits for a limit that ends soon, and takes one request from the referrer's share.

        Raises:
            HostRateLimited: the limit lasts longer than a thread should wait.
            HostShareUsed: the referrer has had its share of what is left.
        """
        runtime = self._runtime
        while (wait := self._pause(bucket)) > 0:
            if wait > LONGEST_WAIT or wait >= limit.left(runtime):
                metrics.host_blocked(provider)
                raise HostRateLimited(wait)
            runtime.sleep(wait)
        name = digest(self._budget, bucket)
        take_from_share(
            name, self.quota(bucket), wall=runtime.wall_clock(), count=runtime.count_share
        )
        runtime.budgets.spend(self._budget, bucket)

    def _pause(self, bucket: str) -> float:
        """Seconds to wait, after what this process was told and what others were."""
        runtime, now = self._runtime, self._runtime.clock()
        told = runtime.pauses.hear(self._budget, bucket, now=now, wall=runtime.wall_clock())
        for limit in told:
            runtime.budgets.block(self._budget, limit, now=now)
        return runtime.budgets.wait(self._budget, bucket, now=now)

    def quota(self, bucket: str) -> Quota | None:
        """What is known to be left of a bucket's limit."""
        return self._runtime.budgets.quota(self._budget, bucket, now=self._runtime.clock())

    def expect(self, provider: str, bucket: str, requests: int) -> None:
        """Looks whether so many requests may still follow, before the first of them is made.

        Nothing known, nothing refused; nor is what the whole limit could never hold.

        Raises:
            HostRateLimited: fewer are left.
        """
        quota = self.quota(bucket)
        if quota is None or requests <= quota.remaining:
            return
        if quota.limit is not None and requests > quota.limit:
            return
        metrics.host_blocked(provider)
        raise HostRateLimited(_UNKNOWN_RESET if quota.reset is None else quota.reset)

    def learn(self, provider: str, bucket: str, quota: Quota | None) -> None:
        """Remembers what an answer left of the limit."""
        if quota is not None:
            metrics.host_remaining(provider, bucket, quota.remaining)
            self._runtime.budgets.learn(self._budget, bucket, quota, now=self._runtime.clock())

    def block(self, limit: Limit) -> Limit:
        """Remembers a limit that an answer told of, while it lasts; other processes hear of it.

        Answers the limit: a guess at its length grows from one in a row to the next.
        """
        runtime = self._runtime
        limit = runtime.budgets.guess(self._budget, limit, now=runtime.clock())
        if runtime.budgets.block(self._budget, limit, now=runtime.clock()):
            runtime.pauses.tell(self._budget, limit, wall=runtime.wall_clock())
        return limit

    # --- health ------------------------------------------------------------------------------

    @contextmanager
    def circuit(self, call: Call) -> Iterator[Verdict]:
        """Around one request: refuses it while the host is left alone; notes how it went.

        Raises:
            HostUnavailable: the host failed too often lately.
        """
        breaker, clock = self._runtime.breaker, self._runtime.clock
        wait = breaker.admit(self._host, now=clock())
        if wait > 0:
            metrics.host_circuit_open(call.provider)
            raise HostUnavailable(
                "the host failed several times in a row and is left alone for a moment",
                retry_after=wait,
            )
        verdict = Verdict()
        try:
            yield verdict
        except (Transient, HostUnavailable) as failure:
            error = failure.error if isinstance(failure, Transient) else failure
            if isinstance(error, HostUnavailable) and error.status is None:
                verdict.is_well = False
            raise
        finally:
            self._note(call, verdict)

    def _note(self, call: Call, verdict: Verdict) -> None:
        breaker, extra = self._runtime.breaker, {"provider": call.provider, "host": self._host}
        if verdict.is_well is None:
            breaker.undecided(self._host)
        elif verdict.is_well:
            if breaker.succeeded(self._host):
                logger.info("scm.circuit.closed", extra=extra)
        elif breaker.failed(self._host, _rule(), now=self._runtime.clock()):
            logger.warning("scm.circuit.opened", extra=extra)


def _rule() -> BreakerRule:
    return BreakerRule(
        failures=options.get_int("scm.breaker.failures"),
        window=options.get_float("scm.breaker.window"),
        pause=options.get_float("scm.breaker.pause"),
    )
