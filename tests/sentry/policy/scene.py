"""Two organizations, and one caller of each kind in the first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentry.auth.roles import Role
from sentry.models import Organization, Project, User
from sentry.models.integrations.integration import ObjectStatus
from sentry.testutils.factories import Factories
from tests.sentry.policy import table
from tests.sentry.signing import KEY_ID, SECRET


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Someone who calls.

    Attributes:
        name: for a report.
        scopes: what the table gives them.
        sees_every_project: whether a team of theirs has to work on a project.
        headers: the credential.
        user: whose session to use.
        rest, rpc: whether that door takes the credential.
    """

    name: str
    scopes: frozenset[str]
    sees_every_project: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    rest: bool = True
    rpc: bool = True

    def may(self, row: table.Row) -> bool:
        """Whether one of the caller's scopes opens the row."""
        return any(table.opens(scope, row.scopes) for scope in self.scopes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Things:
    """What a request may name: ``{project_id}`` and so on."""

    organization: Organization
    values: Mapping[str, object]


class Scene(Factories):
    """Makes the organizations, their things and the callers."""

    def __init__(self) -> None:
        """Makes all of it in the database at hand."""
        organization = self.create_organization()
        self.team = self.create_team(organization)
        foreign_team = self.create_team(organization)
        own = self.create_project(organization, teams=[self.team])
        self.own = self._things(own)
        hidden = self.create_project(organization, teams=[foreign_team])
        self.foreign_team = Things(
            organization=organization, values={**self.own.values, **self._of_project(hidden)}
        )
        self.foreign = self._things(self.create_project(self.create_organization()))
        self.organization = organization
        self.callers = [*self._people(), *self._programs()]

    def _things(self, project: Project) -> Things:
        organization = project.organization
        integration = self.create_integration(
            organization=organization,
            # so that what may call is told apart from what may not, and no host is asked
            organization_integration={"status": ObjectStatus.DISABLED},
        )
        repository = self.create_repo(
            name="acme/api", organization_id=organization.id, integration_id=integration.pk
        )
        ticket = self.create_external_issue(
            organization=organization, integration_id=integration.pk
        )
        values = {
            "organization_slug": organization.slug,
            "integration_id": integration.pk,
            "repository_id": repository.id,
            "commit_sha": self.create_commit(repository).key,
            "external_issue_id": ticket.id,
            **self._of_project(project),
        }
        return Things(organization=organization, values=values)

    def _of_project(self, project: Project) -> dict[str, object]:
        return {
            "project_id": project.id,
            "project_slug": project.slug,
            "group_id": self.create_group(project).id,
        }

    def _people(self) -> list[Caller]:
        callers = []
        for role, scopes in table.ROLES.items():
            user = self.create_user()
            self.create_member(
                organization=self.organization, user=user, role=Role(role), teams=[self.team]
            )
            _, token = self.create_user_auth_token(user)
            sees = role in table.SEE_EVERY_PROJECT
            bearer = {"authorization": f"Bearer {token}"}
            callers += [
                Caller(name=f"{role} by session", scopes=scopes, sees_every_project=sees, user=user, rpc=False),
                Caller(name=f"{role} by token", scopes=scopes, sees_every_project=sees, headers=bearer),
            ]  # fmt: skip
        owner = self.create_user()
        self.create_member(organization=self.organization, user=owner, role=Role.OWNER)
        _, narrow = self.create_user_auth_token(owner, ["member:read"])
        headers = {"authorization": f"Bearer {narrow}"}
        scopes = frozenset({"member:read"})
        return [*callers, Caller(name="owner by a narrow token", scopes=scopes, headers=headers)]

    def _programs(self) -> list[Caller]:
        callers = [Caller(name="nobody", scopes=frozenset(), rest=False, rpc=False)]
        for scope in sorted(table.EVERY_SCOPE):
            _, key = self.create_api_key(self.organization, [scope])
            headers = {"x-api-key": key}
            held = frozenset({scope})
            callers.append(Caller(name=f"key with {scope}", scopes=held, headers=headers))
        _, token = self.create_org_auth_token(self.organization, ["org:read", "repository:read"])
        held = frozenset({"org:read", "repository:read"})
        headers = {"authorization": f"Bearer {token}"}
        return [*callers, Caller(name="organization token", scopes=held, headers=headers)]


def fill(value: Any, things: Things, *, ids: type[int] | type[str] = int) -> Any:
    """The value with what the scene has in the place of names in braces.

    Args:
        value: a part of a row's ``send``.
        things: what is named.
        ids: how ids are written: numbers in an RPC's message, strings in JSON.
    """
    if isinstance(value, Mapping):
        return {name: fill(inner, things, ids=ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, things, ids=ids) for inner in value]
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    found = things.values[value.strip("{}")]
    return ids(found) if isinstance(found, int) else found


def secrets_of(organization: Organization) -> str:
    """The setting by which the service signs: with every scope, in this organization."""
    entry = {
        "id": KEY_ID,
        "secrets": [SECRET],
        "scopes": sorted(table.EVERY_SCOPE),
        "organizations": [organization.id],
    }
    return json.dumps([entry])
