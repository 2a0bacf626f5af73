"""Two organizations, and one caller of each kind in the first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentry.auth.roles import Role
from sentry.models import Organization, Repository, Team, User
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
        key_scope: the one scope of a key.
        rest, rpc: whether that door takes the credential.
    """

    name: str
    scopes: frozenset[str]
    sees_every_project: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    key_scope: str = ""
    rest: bool = True
    rpc: bool = True

    def is_telling(self, row: table.Row, *, every_key: bool) -> bool:
        """Whether asking says something new.

        Of the keys, those do whose scope speaks of what the row speaks of, and the useless one; or
        one that opens the row, and the useless one.
        """
        if not self.key_scope or self.key_scope == table.USELESS:
            return True
        if every_key:
            noun, _, _ = self.key_scope.partition(":")
            return any(scope.startswith(f"{noun}:") for scope in row.scopes)
        return self.key_scope == min(row.scopes)

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
        self.organization = organization
        self.team = self.create_team(organization)
        self.own = self._things(self.team)
        repository = Repository.objects.get(organization=organization)
        foreign_team = self._of_project(self.create_team(organization), repository)
        self.foreign_team = Things(
            organization=organization, values={**self.own.values, **foreign_team}
        )
        self.foreign = self._things(self.create_team(self.create_organization()))
        self.callers = [*self._people(), *self._programs()]

    def _things(self, project_team: Team) -> Things:
        organization = project_team.organization
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
        team = self.create_team(organization)
        key, _ = self.create_api_key(organization)
        token, _ = self.create_org_auth_token(organization)
        user_token, _ = self.create_user_auth_token(self.create_user())
        values = {
            "member_id": self.create_member(organization=organization, teams=[team]).id,
            "team_slug": team.slug,
            "api_key_id": key.pk,
            "org_token_id": token.pk,
            "user_token_id": user_token.pk,
            "outsider": self.create_user().username,
            "organization_slug": organization.slug,
            "integration_id": integration.pk,
            "repository_id": repository.id,
            "commit_sha": self.create_commit(repository).key,
            "external_issue_id": ticket.id,
            "sync_job_id": self.create_sync_job(organization, integration_id=integration.pk).id,
            **self._of_project(project_team, repository),
        }
        return Things(organization=organization, values=values)

    def _of_project(self, team: Team, repository: Repository) -> dict[str, object]:
        project = self.create_project(team.organization, teams=[team])
        return {
            "project_team_slug": team.slug,
            "mapping_id": self.create_code_mapping(project=project, repo=repository).id,
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
            callers.append(
                Caller(name=f"key with {scope}", scopes=held, headers=headers, key_scope=scope)
            )
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
