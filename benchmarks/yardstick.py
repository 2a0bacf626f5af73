"""The yardstick: the plainest Django REST framework view that answers one repository.

It checks the same key, reads the same row, and is served by the same process as the product. It
does nothing else: no rate limit, no table of errors, no ETag.
"""

from django.urls import include, path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sentry.auth.authentication import PresentedCredentials, authenticate
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.errors import Unauthenticated
from sentry.models import Repository


class KeyAuthentication(BaseAuthentication):
    """The platform's own check of an API key."""

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        """The caller as ``request.auth``."""
        key = request.META.get("HTTP_X_API_KEY", "")
        try:
            return None, authenticate(PresentedCredentials(api_key=key))
        except Unauthenticated:
            raise AuthenticationFailed from None


class MayRead(BasePermission):
    """Needs ``repository:read``."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        """Whether the caller holds the scope."""
        return isinstance(request.auth, Caller) and request.auth.has_scope("repository:read")


class RepositorySerializer(serializers.Serializer[Repository]):
    """Every field that the RPC answers too."""

    id = serializers.CharField()
    organization_id = serializers.CharField()
    name = serializers.CharField()
    url = serializers.CharField()
    provider = serializers.CharField()
    external_id = serializers.CharField()
    status = serializers.IntegerField()
    date_added = serializers.DateTimeField()
    config = serializers.DictField()


class RepositoryView(APIView):
    """GET answers one repository of the caller's organization."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (MayRead,)

    def get(self, request: Request, repository_id: int) -> Response:
        """The repository, or 404."""
        assert isinstance(request.auth, Caller)
        organization = request.auth.organization_id
        try:
            row = Repository.objects.get(id=repository_id, organization_id=organization)
        except Repository.DoesNotExist:
            raise NotFound from None
        return Response(RepositorySerializer(row).data)


urlpatterns = [
    path("yardstick/repositories/<int:repository_id>/", RepositoryView.as_view()),
    path("", include("sentry.urls")),
]
