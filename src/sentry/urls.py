"""The URLs that Django serves."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/0/", include("sentry.api.urls")),
]

# What Django answers itself is JSON too.
handler400 = "sentry.api.errors.bad_request"
handler403 = "sentry.api.errors.permission_denied"
handler404 = "sentry.api.errors.not_found"
handler500 = "sentry.api.errors.server_error"
