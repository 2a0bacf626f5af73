"""Projects as JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sentry.actions.project_changes import teams_of_projects
from sentry.actions.projects import Project
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller


class TeamOfProjectResponse(TypedDict):
    """A team that works on a project."""

    id: str
    slug: str
    name: str


class ProjectResponse(TypedDict):
    """A project that the caller sees. ``platform`` is empty where it is not known."""

    id: str
    slug: str
    name: str
    platform: str
    dateCreated: datetime
    teams: list[TeamOfProjectResponse]


class ProjectSerializer(Serializer[Project, list[TeamOfProjectResponse], ProjectResponse]):
    """A project, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[Project], user: Caller, **kwargs: object
    ) -> dict[Project, list[TeamOfProjectResponse]]:
        """The teams, in one query."""
        teams = teams_of_projects(user, [item.id for item in item_list])
        return {
            item: [
                {"id": str(team.id), "slug": team.slug, "name": team.name}
                for team in teams.get(item.id, ())
            ]
            for item in item_list
        }

    def serialize(
        self, obj: Project, attrs: Sequence[TeamOfProjectResponse], user: Caller, **kwargs: object
    ) -> ProjectResponse:
        """See ``ProjectResponse``."""
        return {
            "id": str(obj.id),
            "slug": obj.slug,
            "name": obj.name,
            "platform": obj.platform,
            "dateCreated": obj.date_added,
            "teams": list(attrs),
        }
