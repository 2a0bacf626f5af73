"""The addresses of the operators' pages and of the files that they load.

A region has no users, so nobody could sign in there: it has no such pages.
"""

from django.urls import URLPattern, URLResolver, include, path

from sentry.silo import SiloMode
from sentry.web.admin.site import build_site
from sentry.web.admin.static import static_file


def urls_for(mode: SiloMode) -> list[URLPattern | URLResolver]:
    """The addresses in a process of this mode."""
    if mode is SiloMode.REGION:
        return []
    urls, app_name, namespace = build_site(mode).urls
    return [
        path("static/admin/<path:name>", static_file, name="sentry-admin-static"),
        path("admin/", include((urls, app_name), namespace=namespace)),
    ]


urlpatterns = urls_for(SiloMode.get_current_mode())
