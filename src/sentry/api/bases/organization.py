"""Endpoints under ``organizations/{organization_slug}/``."""

from collections.abc import Sequence
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sentry.actions.access import ProjectRef, get_projects
from sentry.actions.reading import OrganizationSummary, get_organization
from sentry.api.authentication import caller_of
from sentry.api.base import RegionSiloEndpoint
from sentry.api.permissions import PolicyPermission
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound


class OrganizationEndpoint(RegionSiloEndpoint):
    """Resolves the slug to the caller's own organization; any other is not found.

    A handler takes ``organization`` (an ``OrganizationSummary``) in the slug's place.
    """

    permission_classes: Sequence[type[BasePermission]] = (PolicyPermission,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Checks what every endpoint checks, then the slug.

        Raises:
            NotFound: the slug is not that of the caller's organization.
        """
        super().initial(request, *args, **kwargs)
        # The handler gets this very dictionary as its arguments.
        slug = self.kwargs.pop("organization_slug")
        self.kwargs["organization"] = get_organization(caller_of(request), slug)

    def get_projects(
        self,
        *,
        request: Request,
        organization: OrganizationSummary,
        project_ids: object = None,
    ) -> list[ProjectRef]:
        """The projects that a query or a body names, if the caller sees every one of them.

        Args:
            request: the request.
            organization: the caller's own, as the handler is given it.
            project_ids: an id or a list of ids, as numbers or texts; None for every project that
                the caller sees.

        Raises:
            InvalidArgument: something else.
            NotFound: one of them does not exist, or the caller does not see it.
        """
        caller = caller_of(request)
        if organization.id != caller.organization_id:
            raise NotFound("organization")
        if project_ids is None:
            return get_projects(caller)
        given = project_ids if isinstance(project_ids, list | tuple | set) else [project_ids]
        return get_projects(caller, project_ids={_project_id(value) for value in given})


def _project_id(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    raise InvalidArgument("project_id", "expected the ids of projects")
