"""``/_health/``: for load balancers and container engines."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from sentry import __version__
from sentry.actions.health import check_health


@require_safe
def live(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Says that the process answers; asks nobody else. 200."""
    return JsonResponse({"healthy": True, "version": __version__})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Says whether the parts that the process needs answer: 200, or 503 with what is wrong."""
    health = check_health()
    body = {
        "healthy": health.is_healthy,
        "problems": [name for name, answers in health.parts.items() if not answers],
    }
    return JsonResponse(body, status=200 if health.is_healthy else 503)
