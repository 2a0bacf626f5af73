"""``/_metrics``: for Prometheus."""

from django.http import Http404, HttpRequest, HttpResponse

from sentry.actions.metrics import may_read_metrics, read_metrics
from sentry.web.methods import safe_only

# Whoever sends one of these asks for another: its own address says nothing.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


@safe_only
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics as text; 404 to whoever may not read them."""
    allowed = may_read_metrics(
        address=request.META.get("REMOTE_ADDR", ""),
        authorization=request.META.get("HTTP_AUTHORIZATION", ""),
        is_forwarded=any(name in request.META for name in _FORWARDED),
    )
    if not allowed:
        raise Http404
    exposition = read_metrics()
    return HttpResponse(
        exposition.body,
        content_type=exposition.content_type,
        headers={"Cache-Control": "no-store"},
    )
