"""Endpoints under ``organizations/{organization_slug}/``."""

from typing import Any

from rest_framework.request import Request

from sentry.actions.reading import get_organization
from sentry.api.authentication import caller_of
from sentry.api.base import Endpoint
from sentry.api.permissions import PolicyPermission


class OrganizationEndpoint(Endpoint):
    """Resolves the slug to the caller's own organization; any other is not found.

    A handler takes ``organization`` (an ``OrganizationSummary``) in the slug's place.
    """

    permission_classes = (PolicyPermission,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Checks what every endpoint checks, then the slug.

        Raises:
            NotFound: the slug is not that of the caller's organization.
        """
        super().initial(request, *args, **kwargs)
        # The handler gets this very dictionary as its arguments.
        slug = self.kwargs.pop("organization_slug")
        self.kwargs["organization"] = get_organization(caller_of(request), slug)
