"""Every REST list with rows in it, for what must hold of all of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry.auth.roles import Role
from sentry.models import Organization, OrganizationMember, Project, Repository, Team, User
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories

# What belongs to no list: transactions, and the session and the limit of whoever asks.
_OUTSIDE = re.compile(r"SAVEPOINT|BEGIN|COMMIT|ratelimitcounter|django_session")


class ListedRows(Factories):
    """An organization in which every list has as many items as are added.

    Attributes:
        owner: a user who owns it, and every further organization that is added.
        member: a member with the role member, in every team that works on a project.
    """

    def __init__(self) -> None:
        """Makes the organization, and one project, team and repository whose lists grow."""
        self.owner: User = self.create_user()
        self.organization: Organization = self.create_organization(owner=self.owner)
        self.team: Team = self.create_team(self.organization)
        self.user: User = self.create_user()
        self.member: OrganizationMember = self.create_member(
            organization=self.organization, user=self.user, role=Role.MEMBER, teams=[self.team]
        )
        self.project: Project = self.create_project(self.organization, teams=[self.team])
        self.repository: Repository = self.create_repo(organization_id=self.organization.id)

    def add(self, count: int) -> None:
        """Adds so many items to every list of both users."""
        for _ in range(count):
            other = self.create_organization(owner=self.owner)
            self.create_member(organization=other, user=self.user)
            team = self.create_team(self.organization, members=[self.member])
            self.create_member(organization=self.organization, teams=[self.team, team])
            self.create_project_team(project=self.project, team=team)
            project = self.create_project(self.organization, teams=[self.team, team])
            self.create_api_key(self.organization)
            self.create_org_auth_token(self.organization)
            self.create_user_auth_token(self.owner, ["org:read"])
            self.create_user_auth_token(self.user, ["org:read"])
            self.create_integration(organization=self.organization)
            repository = self.create_repo(organization_id=self.organization.id)
            self.create_commit(
                self.repository,
                author=self.create_commit_author(organization_id=self.organization.id),
            )
            self.create_code_mapping(project=project, repo=repository)

    def path_of(self, route: str) -> str:
        """The path of a route of ``sentry.api.urls``, with what this organization has."""
        values = {
            "organization_slug": self.organization.slug,
            "project_slug": self.project.slug,
            "team_slug": self.team.slug,
            "member_id": self.member.id,
            "repository_id": self.repository.id,
        }
        return "/api/0/" + re.sub(r"<\w+:(\w+)>", lambda name: str(values.get(name[1], 1)), route)

    def clients(self) -> Iterator[Client]:
        """The owner's and the member's session: the one sees all, the other what teams allow."""
        for user in (self.owner, self.user):
            client = Client()
            client.force_login(user)
            yield client


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One page of a list: how many items it has, and the statements that it took."""

    items: int
    statements: tuple[str, ...]


def read_list(client: Client, path: str) -> Reading | None:
    """A list's page, read a second time, so that what is remembered is; None if it is no list."""
    answer: Any = client.get(path, {"per_page": "100"})
    if answer.status_code != 200 or not isinstance(answer.data, list):
        return None
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, {"per_page": "100"})
    statements = [query["sql"] for query in captured if not _OUTSIDE.search(query["sql"])]
    return Reading(items=len(answer.data), statements=tuple(statements))
