"""The addresses at which hosts deliver. Integrations are control's: a region has none of these."""

from django.urls import URLPattern, re_path

from sentry.silo import SiloMode
from sentry.web.webhooks import webhook


def urls_for(mode: SiloMode) -> list[URLPattern]:
    """The addresses in a process of this mode, with and without the final slash."""
    if mode is SiloMode.REGION:
        return []
    return [
        re_path(
            r"^(?P<provider>[a-z_]{1,64})/webhook/(?P<integration_id>[0-9]{1,19})/?\Z",
            webhook,
            name="sentry-webhook",
        ),
        re_path(r"^(?P<provider>[a-z_]{1,64})/webhook/?\Z", webhook, name="sentry-webhook-app"),
    ]


urlpatterns = urls_for(SiloMode.get_current_mode())
