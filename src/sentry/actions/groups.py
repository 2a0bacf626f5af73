"""Issue groups of a project."""

from dataclasses import dataclass
from datetime import datetime

from sentry import models
from sentry.actions.projects import get_project
from sentry.actions.validation import check_name

_TITLE_LIMIT = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Events that are the same error: what people call an issue."""

    id: int
    project_id: int
    title: str
    date_added: datetime


def create_group(*, organization_id: int, project: str, title: str) -> Group:
    """Makes an issue group in the organization's project of this slug.

    Raises:
        InvalidArgument: the title is not acceptable.
        NotFound: the organization has no such project.
    """
    checked = check_name("title", title, limit=_TITLE_LIMIT)
    found = get_project(organization_id=organization_id, slug=project)
    row = models.Group.objects.create(project_id=found.id, title=checked)
    return Group(id=row.id, project_id=found.id, title=row.title, date_added=row.date_added)
