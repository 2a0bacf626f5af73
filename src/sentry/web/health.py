"""``/_health/``: for load balancers and container engines."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse

from sentry import __version__
from sentry.actions.health import check_health
from sentry.web.methods import safe_only


@safe_only
def live(request: HttpRequest) -> HttpResponse:
    """Says that the process answers, and asks nobody else: 200. With ``?full`` as ``ready``."""
    if "full" in request.GET:
        return ready(request)
    return JsonResponse({"healthy": True, "version": __version__})


@safe_only
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Says whether all that the process needs does its work: 200, or 503 with what is wrong.

    Warnings tell what is wrong elsewhere and leave the status alone.
    """
    health = check_health()
    body = {
        "healthy": health.is_healthy,
        "problems": _parts(health.problems),
        "warnings": _parts(health.warnings),
    }
    return JsonResponse(body, status=200 if health.is_healthy else 503)


def _parts(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"part": part, "text": text} for part, text in sorted(texts.items())]
