"""What the RPC door answers, counted and logged in one place."""

import logging
import random
import time

from sentry import options
from sentry.integrations.grpc.call import RpcCall
from sentry.integrations.grpc.policy import RpcPolicy
from sentry.utils import metrics

logger = logging.getLogger(__name__)


def finished(call: RpcCall) -> None:
    """Counts a call that is done, a stream's at its end."""
    seconds = time.monotonic() - call.began
    metrics.rpc_finished(call.policy.name, call.code, seconds)
    rate = options.get_float("logging.access-log-rate")
    if rate and random.random() < rate:  # noqa: S311 - a sample, no secret
        _log(call.policy.name, call.code, seconds, call.caller.credential if call.caller else "")


def refused(policy: RpcPolicy | None, code: str) -> None:
    """Counts a request that never became a call."""
    method = policy.name if policy else "unknown"
    metrics.rpc_finished(method, code, 0.0)
    rate = options.get_float("logging.access-log-rate")
    if rate and random.random() < rate:  # noqa: S311
        _log(method, code, 0.0, "")


def _log(method: str, code: str, seconds: float, caller: str) -> None:
    logger.info(
        "rpc.request",
        extra={"method": method, "code": code, "duration": round(seconds, 4), "caller": caller},
    )
