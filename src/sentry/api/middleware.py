"""What Django answers, counted and logged in one place."""

import logging
import random
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from sentry import options
from sentry.auth.caller import Caller
from sentry.utils import metrics

logger = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The outermost middleware: sees every request that comes to Django, and its answer."""

    def observed(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - began
        match = request.resolver_match
        endpoint = (match.url_name if match else None) or "unknown"
        method = request.method if request.method in _METHODS else "other"
        metrics.rest_finished(endpoint, method, response.status_code, seconds)
        rate = options.get_float("logging.access-log-rate")
        if rate and random.random() < rate:  # noqa: S311 - a sample, no secret
            _log(request, endpoint, method, response.status_code, seconds)
        return response

    return observed


def _log(request: HttpRequest, endpoint: str, method: str, status: int, seconds: float) -> None:
    caller = getattr(request, "auth", None)  # set by the framework, once it is known
    logger.info(
        "api.request",
        extra={
            "endpoint": endpoint,
            "method": method,
            "status": status,
            "duration": round(seconds, 4),
            "caller": caller.credential if isinstance(caller, Caller) else "",
        },
    )
