"""Endpoints under ``organizations/{organization_slug}/projects/{project_slug}/``."""

from typing import Any

from rest_framework.request import Request

from sentry.actions.access import get_projects
from sentry.api.authentication import caller_of
from sentry.api.bases.organization import OrganizationEndpoint


class ProjectEndpoint(OrganizationEndpoint):
    """Resolves both slugs; a project that the caller does not see is not found.

    A handler takes ``organization`` (an ``OrganizationSummary``) and ``project`` (a
    ``ProjectRef``) in the slugs' places.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Checks what every endpoint of an organization checks, then the project's slug.

        Raises:
            NotFound: the caller sees no such project.
        """
        super().initial(request, *args, **kwargs)
        slug = self.kwargs.pop("project_slug")
        (self.kwargs["project"],) = get_projects(caller_of(request), slugs=[slug])
