"""Every action with every combination of its filters, over the rows of ``seeding``.

A call is ``(action, arguments)``. Actions that read a list are asked for its second page too.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from sentry import models
from sentry.actions import (
    access,
    credential_requests,
    credentials,
    expired,
    groups,
    member_changes,
    members,
    organizations,
    project_changes,
    projects,
    reading,
    sessions,
    superusers,
    tasks,
    teams,
    users,
)
from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.roles import Role, scopes_of
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions import (
    capabilities,
    code_mappings,
    code_search,
    commit_context,
    commits,
    comparisons,
    deletion,
    external_issues,
    files,
    integration_pages,
    integrations,
    pull_requests,
    repositories,
    repository_changes,
    sync,
    sync_jobs,
    trees,
)
from sentry.integrations.source_code_management.errors import Unauthenticated
from sentry.integrations.source_code_management.types import (
    Page,
    ProviderKey,
    Repository,
    RepositoryState,
)
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN, PATH, Scene

from .seeding import BASE, OURS

PROGRAM = operator_in(OURS)
PERSON = Caller(
    kind=CallerKind.SESSION,
    organization_id=OURS,
    scopes=scopes_of(Role.MEMBER),
    credential="user:1",
    user_id=OURS,
    role=Role.MEMBER,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One action with one combination of arguments."""

    action: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    filters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [str(argument) for argument in self.arguments if not isinstance(argument, Caller)]
        given += [f"{name}={value}" for name, value in self.filters.items()]
        return f"{self.action.__module__}.{self.action.__name__}({', '.join(given)})"

    def run(self) -> None:
        result = self.action(*self.arguments, **self.filters)
        if isinstance(result, Page) and result.next_token:
            self.action(*self.arguments, **self.filters, page_token=result.next_token)
        elif isinstance(result, Iterator):
            list(result)


def call(action: Callable[..., Any], *arguments: Any, **filters: Any) -> Call:
    return Call(action, arguments, filters)


def combined(action: Callable[..., Any], *arguments: Any, **choices: tuple[Any, ...]) -> list[Call]:
    """The action with every combination of the choices."""
    return [
        Call(action, arguments, dict(zip(choices, values, strict=True)))
        for values in itertools.product(*choices.values())
    ]


def background_work() -> list[Call]:
    """What tasks ask, and what their operator asks of them."""
    marked = {"organization_id": OURS, "repository_id": BASE + 30}
    kept = models.Repository.objects.filter(organization_id=OURS, status=0).order_by("-name")[0]
    failed = models.TaskRecord.objects.filter(status=1).order_by("available_at")[0]
    return [
        call(expired.delete_expired),
        call(repositories.delete_repository, PROGRAM, repository_id=kept.id),
        call(deletion.schedule_deletion, organization_id=OURS, repository_id=OURS),
        call(deletion.delete_contents, **marked),
        call(deletion.delete_row, **marked),
        call(deletion.schedule_left_deletions),
        call(tasks.is_scheduled),
        call(tasks.list_failed_tasks, limit=10),
        call(tasks.retry_failed_task, failed.pk),
        call(tasks.retry_failed_tasks, name="sentry.tasks.none"),
        call(tasks.queue_depths),
    ]


def _new_slug() -> str:
    return f"new-{secrets.token_hex(6)}"


def reads_of_the_room() -> list[Call]:
    """The room's actions that ask no host."""
    return [
        *combined(
            repositories.list_repositories,
            PROGRAM,
            provider=(None, ProviderKey.GITHUB),
            query=("", "ay", "payments", "service-1"),
            status=(None, *RepositoryState),
            integration_id=(None, OURS),
            page_size=(10,),
        ),
        call(repositories.list_repositories, PROGRAM, page_size=1000),
        call(repositories.get_repository, PROGRAM, repository_id=OURS),
        call(reading.repositories_by_id, PROGRAM, range(OURS, OURS + 100)),
        call(reading.project_slugs, PROGRAM, range(OURS, OURS + 100)),
        *combined(commits.list_stored_commits, PROGRAM, repository_id=(OURS,), page_size=(10, 100)),
        *combined(
            code_mappings.list_code_mappings,
            PROGRAM,
            project_id=(None, OURS),
            integration_id=(None, OURS),
            page_size=(10, 100),
        ),
        *combined(code_mappings.list_code_mappings, PERSON, integration_id=(None, OURS)),
        *combined(integrations.list_integrations, PROGRAM, provider=(None, "github")),
        call(capabilities.get_capabilities, PROGRAM, repository_id=OURS),
        call(capabilities.get_capabilities, PROGRAM, integration_id=OURS),
        call(organizations_of_a_person, OURS),
    ]


def organizations_of_a_person(user_id: int) -> None:
    """``reading.list_organizations`` and its neighbours, as a signed-in user asks."""
    reading.list_organizations(PERSON, page_size=1)
    reading.list_organizations(PROGRAM)
    reading.get_organization(PERSON, "seeded-1")
    access.organization_with_slug("seeded-1")
    access.organization_of_user(user_id)
    access.organization_of_user(user_id, slug="seeded-1")
    access.organization_of_user(user_id, organization_id=OURS)


def access_of_people() -> list[Call]:
    """Which projects a caller sees."""
    visible = [row.id for row in access.get_projects(PROGRAM, slugs=["seeded-1", "seeded-2"])]
    mine = list(access.visible_projects(PERSON).values_list("id", flat=True)[:1])
    return [
        call(access.get_projects, PROGRAM, project_ids=visible),
        call(access.get_projects, PROGRAM, slugs=["seeded-1"]),
        call(access.get_projects, PERSON, project_ids=mine),
        call(access.get_projects, PERSON),
        call(lambda: list(access.visible_projects(PERSON))),
    ]


def calls_with_a_host(scene: Scene) -> list[Call]:
    """The room's actions that ask a host, in an organization beside the 100,000 rows."""
    caller = operator_in(scene.organization.id)
    integration_id = scene.integration.pk
    repository = repositories.get_repository(caller, repository_id=scene.repository.id)
    first, *_, last = scene.git.shas()
    line = commit_context.LineQuestion(
        repository_id=repository.id, commit_sha=last[:10], filepath=PATH, line_number=1
    )
    issue = {"integration_id": integration_id, "title": "T", "metadata": {"repo": FULL_NAME}}
    ticket: dict[str, Any] = {"integration_id": integration_id, "key": "acme/shop#900"}
    known = models.ExternalIssue.objects.filter(organization=scene.organization, **ticket).first()
    known = known or Factories.create_external_issue(organization=scene.organization, **ticket)
    return [
        *_of_commits(caller, repository, first),
        call(commit_context.get_commit_context, caller, line),
        call(commit_context.batch_get_commit_context, caller, [line, line]),
        call(
            commit_context.stream_file_blame,
            caller, repository_id=repository.id, commit_sha=first, filepath=PATH,
        ),
        call(files.get_file, caller, repository_id=repository.id, path=PATH),
        call(comparisons.compare_commits, caller, repository_id=repository.id, base=first),
        call(trees.list_tree, caller, repository_id=repository.id),
        call(
            pull_requests.list_pull_requests_for_commit,
            caller, repository_id=repository.id, commit_sha=first,
        ),
        call(code_search.search_code, caller, repository_id=repository.id, query="zwei"),
        call(sync_jobs.start_sync, caller, integration_id=integration_id),
        call(sync_jobs.start_sync, caller, integration_id=integration_id),
        call(sync_jobs.run_sync, caller, sync_job_id=_a_job(scene)),
        call(sync_jobs.get_sync_job, caller, sync_job_id=_a_job(scene)),
        call(integration_pages.list_integration_page, caller),
        *_of_code_mappings(caller, scene),
        call(external_issues.create_external_issue, caller, **issue),
        call(
            external_issues.link_external_issue,
            caller, group_id=scene.group.id, external_issue_id=known.id,
        ),
        call(sync.sync_repositories, caller, integration_id=integration_id),
        call(
            integrations.add_integration,
            caller, provider="github", metadata={"token": _new_slug()}, verify=False,
        ),
        call(integrations.get_integration, caller, integration_id=integration_id),
        call(a_credential_that_is_rejected_and_renewed, scene),
        call(
            integrations.replace_credential,
            caller, integration_id=integration_id, metadata={"token": HOST_TOKEN}, verify=False,
        ),
    ]  # fmt: skip


def _a_job(scene: Scene) -> int:
    return Factories.create_sync_job(
        scene.organization, integration_id=scene.integration.pk, query=_new_slug()
    ).id


def a_credential_that_is_rejected_and_renewed(scene: Scene) -> None:
    """What ``credential_health`` and OAuth's renewals ask of the integration service."""
    named = {"organization_id": scene.organization.id, "integration_id": scene.integration.pk}
    now = timezone.now()
    version = models.Integration.objects.get(pk=scene.integration.pk).credential_version
    integration_service.mark_broken(
        **named, credential_version=version, reason="rejected", probe_at=now
    )
    integration_service.claim_probe(**named, due=now, next_at=now)
    integration_service.mark_working(**named, credential_version=version)
    integration_service.take_credential_turn(**named, holder="walk", seconds=1)
    integration_service.rotate_credential(**named, expected={}, metadata={})
    integration_service.end_credential_turn(**named, holder="walk")


def _of_commits(caller: Caller, repository: Repository, sha: str) -> list[Call]:
    asked = {"repository_id": repository.id}
    return [
        call(commits.get_commit, caller, **asked, commit_sha=sha),
        call(commits.get_commit, caller, **asked, commit_sha=sha),
        call(commits.get_commit, caller, **asked, commit_sha=sha[:7]),
        call(commits.list_commits, caller, **asked),
        call(commits.find_stored_commit, _big(repository), "00000022"),
        call(commits.find_stored_commit, _big(repository), sha),
    ]


def _big(repository: Repository) -> Repository:
    """The repository that most commits belong to."""
    return repositories.get_repository(PROGRAM, repository_id=OURS)


def _of_code_mappings(caller: Caller, scene: Scene) -> list[Call]:
    mapping = {"project_id": scene.project.id, "repository_id": scene.repository.id}
    big = {"project_id": OURS, "repository_id": OURS, "default_branch": "main"}
    derived = {"project_id": OURS, "stacktrace_paths": ["a.py"]}
    return [
        call(
            code_mappings.create_code_mapping,
            caller,
            **mapping,
            stack_root="a",
            source_root=_new_slug(),
        ),
        call(
            code_mappings.create_code_mapping,
            PROGRAM,
            **big,
            stack_root="app/1",
            source_root=_new_slug(),
        ),
        call(code_mappings.derive_code_mappings, PROGRAM, **derived),
    ]


def administration() -> list[Call]:
    """What operators do."""
    ours = {"organization_id": OURS}
    boss = Factories.create_user(is_staff=True, is_superuser=True)
    team = models.Team.objects.filter(organization_id=OURS).values_list("slug", flat=True)[:1][0]
    slug = models.Project.objects.filter(organization_id=OURS).values_list("slug", flat=True)[:1][0]
    return [
        call(users._check_identity, "nobody", "nobody@example.com"),
        call(credentials.list_api_keys, **ours),
        call(credentials.create_api_key, **ours, scopes=["org:read"]),
        call(credentials.revoke_api_key, **ours, api_key_id=OURS),
        call(credentials.list_organization_tokens, **ours),
        call(
            credentials.create_organization_token,
            **ours, organization_slug="seeded-1", scopes=["org:ci"],
        ),
        call(credentials.revoke_organization_token, **ours, token_id=OURS),
        call(credentials.create_user_token, user_id=OURS, scopes=["org:read"]),
        call(credentials.list_user_tokens, user_id=OURS),
        call(credentials.revoke_user_token, user_id=BASE + 2, token_id=OURS),
        call(groups.create_group, **ours, project=slug, title="An error"),
        call(members.add_member, **ours, user_id=secrets.randbelow(BASE), role=Role.MEMBER, teams=[team]),
        call(members.list_members, **ours),
        call(organizations.create_organization, name="New", slug=_new_slug()),
        call(organizations.get_organization, "seeded-1"),
        call(organizations.list_organizations),
        call(projects.create_project, **ours, name="New", slug=_new_slug(), team=team),
        call(projects.get_project, **ours, slug=slug),
        call(projects.list_projects, **ours),
        call(teams.create_team, **ours, name="New", slug=_new_slug()),
        call(teams.get_team, **ours, slug=team),
        call(teams.list_teams, **ours),
        call(users.get_user, "seeded-1"),
        call(users.get_user, "seeded-1@example.com"),
        call(superusers.disable, user_id=OURS, by=boss.pk),
        call(sessions.set_active, user_id=OURS, is_active=False),
        call(sessions.end_sessions, user_id=OURS),
        call(a_person_who_signs_in, "seeded-1"),
        call(a_person_who_signs_in, "seeded-1@example.com"),
    ]  # fmt: skip


def a_person_who_signs_in(name: str) -> None:
    """``sessions.sign_in`` up to the session, whose own table Django reads by its primary key."""
    with suppress(Unauthenticated):
        sessions.sign_in(HttpRequest(), username=name, password="wrong")


def lists_of_callers() -> list[Call]:
    """What the REST door lists and reads, as a program and as a member with teams asks."""
    owned = models.Project.objects.filter(organization_id=OURS)
    projects_of_ours = list(owned.values_list("id", flat=True)[:100])
    project = projects_of_ours[0]
    some = range(OURS, OURS + 100)
    return [
        *(
            call(action, caller, page_size=10)
            for action in (
                teams.page_of_teams,
                project_changes.page_of_projects,
                member_changes.page_of_members,
                credential_requests.page_of_api_keys,
                credential_requests.page_of_organization_tokens,
            )
            for caller in (PROGRAM, PERSON)
        ),
        call(credential_requests.page_of_user_tokens, PERSON, page_size=1),
        call(teams.page_of_project_teams, PROGRAM, project, page_size=1),
        call(teams.member_counts, PROGRAM, some),
        call(teams.teams_of_caller, PERSON),
        call(project_changes.teams_of_projects, PROGRAM, projects_of_ours),
        call(users.users_by_id, some),
        call(member_changes.get_member, PROGRAM, member_id=OURS),
        call(member_changes.own_membership, PERSON),
        call(credential_requests.get_api_key, PROGRAM, api_key_id=OURS),
        call(credential_requests.get_organization_token, PROGRAM, token_id=OURS),
        call(project_changes.get_visible_project, PROGRAM, project_id=project),
    ]


def changes_of_callers(scene: Scene) -> list[Call]:
    """What the REST door writes, in organizations beside the 100,000 rows."""
    organization = Factories.create_organization(owner=Factories.create_user())
    caller = operator_in(organization.id)
    team = Factories.create_team(organization)
    project = Factories.create_project(organization, teams=[team])
    member = Factories.create_member(organization=organization)
    other = Factories.create_member(organization=organization)
    user = Factories.create_user()
    place = {"member_id": member.id, "team": team.slug}
    work = {"project_id": project.id, "team": team.slug}
    return [
        call(organizations.found_organization, user.pk, name="New", slug=_new_slug()),
        call(organizations.update_organization, caller, name="New", slug=_new_slug()),
        call(teams.update_team, caller, team=team.slug, name="New"),
        call(project_changes.start_project, caller, name="New", slug=_new_slug(), team=team.slug),
        call(project_changes.update_project, caller, project_id=project.id, name="New"),
        call(project_changes.give_project, caller, **work),
        call(project_changes.take_project, caller, **work),
        call(member_changes.admit_member, caller, user=user.username, role=Role.MEMBER),
        call(member_changes.update_member, caller, member_id=member.id, role=Role.ADMIN, teams=[team.slug]),
        call(member_changes.join_team, caller, **place),
        call(member_changes.leave_team, caller, **place),
        *_changes_of_credentials(organization, member),
        *_changes_of_code(scene),
        call(project_changes.delete_project, caller, project_id=project.id),
        call(member_changes.leave_organization, _as_member(member)),
        call(member_changes.remove_member, caller, member_id=other.id),
        call(teams.delete_team, caller, team=team.slug),
        call(_delete_whole, organization.id),
    ]  # fmt: skip


def _as_member(member: models.OrganizationMember) -> Caller:
    return replace(PERSON, organization_id=member.organization_id, user_id=member.user_id)


def _changes_of_credentials(
    organization: models.Organization, member: models.OrganizationMember
) -> list[Call]:
    caller, person = operator_in(organization.id), _as_member(member)
    key, _ = Factories.create_api_key(organization)
    token, _ = Factories.create_org_auth_token(organization)
    own, _ = Factories.create_user_auth_token(models.User.objects.get(pk=member.user_id))
    return [
        call(credential_requests.issue_api_key, caller, scopes=["org:read"]),
        call(credential_requests.update_api_key, caller, api_key_id=key.pk, label="New"),
        call(credential_requests.issue_organization_token, caller, scopes=["org:ci"]),
        call(credential_requests.update_organization_token, caller, token_id=token.pk, name="New"),
        call(credential_requests.issue_user_token, person, scopes=["org:read"]),
        call(credential_requests.withdraw_user_token, person, token_id=own.pk),
    ]


def _changes_of_code(scene: Scene) -> list[Call]:
    host = operator_in(scene.organization.id)
    integration_id, repository_id = scene.integration.pk, scene.repository.id
    mapping = Factories.create_code_mapping(project=scene.project, repo=scene.repository)
    asked = {"code_mapping_id": mapping.id}
    unknown = f"{scene.repository.external_id}0"
    models.Repository.objects.filter(pk=repository_id).update(external_id=unknown)
    return [
        call(
            code_mappings.update_code_mapping,
            host, **asked, project_id=scene.project.id, repository_id=repository_id,
            stack_root="b/", source_root=_new_slug(), default_branch="main",
        ),
        call(code_mappings.get_code_mapping, host, **asked),
        call(code_mappings.delete_code_mapping, host, **asked),
        call(
            repository_changes.update_repository,
            host, repository_id=repository_id, integration_id=integration_id,
        ),
        call(repositories.delete_repository, host, repository_id=repository_id),
        call(
            repository_changes.add_repository,
            host, integration_id=integration_id, identifier=FULL_NAME,
        ),
    ]  # fmt: skip


def _delete_whole(organization_id: int) -> None:
    """Empties the organization, then deletes it: ``organizations.delete_organization``."""
    models.Project.objects.filter(organization_id=organization_id).delete()
    organizations.delete_organization(operator_in(organization_id))
