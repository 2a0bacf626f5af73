"""The URLs that Django serves."""

from django.urls import URLPattern, URLResolver, include, path

from sentry.web import health, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("_health/", health.live, name="sentry-health"),
    path("_health/ready/", health.ready, name="sentry-health-ready"),
    path("_metrics", metrics.metrics, name="sentry-metrics"),
    path("api/0/", include("sentry.api.urls")),
    path("extensions/", include("sentry.web.extensions")),
    path("", include("sentry.web.admin.urls")),
]

# What Django answers itself is JSON too.
handler400 = "sentry.api.errors.bad_request"
handler403 = "sentry.api.errors.permission_denied"
handler404 = "sentry.api.errors.not_found"
handler500 = "sentry.api.errors.server_error"
