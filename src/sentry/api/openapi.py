"""Serves the OpenAPI document, to everybody."""

from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request

from sentry.api.renderers import JSONOnly


class OpenApiView(SpectacularJSONAPIView):
    """One document, in JSON, whatever headers and parameters ask for."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [OpenApiJsonRenderer2]
    content_negotiation_class = JSONOnly

    def _get_version_parameter(self, request: Request) -> None:
        """None: the document has the platform's one version."""
