"""Makes rows for tests: one ``create_*`` for every model, each with sensible defaults."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from sentry.auth.roles import Role
from sentry.auth.scopes import ALL_SCOPES
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.models import (
    EVERY_ORGANIZATION,
    AnalyticsEvent,
    ApiKey,
    ApiToken,
    Commit,
    CommitAuthor,
    ExternalIssue,
    FeatureRule,
    Group,
    GroupLink,
    IdempotencyRecord,
    Integration,
    Lease,
    Option,
    Organization,
    OrganizationIntegration,
    OrganizationMember,
    OrganizationMemberTeam,
    OrgAuthToken,
    PeriodicTask,
    Project,
    ProjectTeam,
    RateLimitCounter,
    Repository,
    RepositoryProjectPathConfig,
    RepositoryStatus,
    SharedResult,
    SignatureNonce,
    SyncJob,
    TaskRecord,
    Team,
    User,
)
from sentry.models.grouplink import LinkedType
from sentry.models.integrations.integration import ObjectStatus
from sentry.options import OptionValue
from sentry.utils.refresh import refresher

_numbers = count(1)
PASSWORD = "a-password-of-tests"


def _next() -> int:
    return next(_numbers)


def stored_provider(provider: str | None) -> str | None:
    """How a repository's row names a provider: "github" becomes "integrations:github"."""
    if provider in set(ProviderKey):
        return f"integrations:{provider}"
    return provider


class Factories:
    """``create_*`` for every model. What is not given is made or chosen."""

    @staticmethod
    def create_user(email: str = "", *, is_superuser: bool = False, **fields: Any) -> User:
        """A user who can sign in with ``PASSWORD``."""
        address = email or f"user-{_next()}@example.com"
        fields.setdefault("username", address)
        user = User(email=address, is_superuser=is_superuser, **fields)
        user.set_password(PASSWORD)
        user.save()
        return user

    @staticmethod
    def create_organization(
        name: str = "", *, owner: User | None = None, slug: str = "", **fields: Any
    ) -> Organization:
        """An organization; ``owner`` becomes a member with the role owner."""
        number = _next()
        organization = Organization.objects.create(
            name=name or f"Organization {number}", slug=slug or f"org-{number}", **fields
        )
        if owner is not None:
            Factories.create_member(organization=organization, user=owner, role=Role.OWNER)
        return organization

    @staticmethod
    def create_member(
        *,
        organization: Organization,
        user: User | None = None,
        role: Role = Role.MEMBER,
        teams: Collection[Team] = (),
    ) -> OrganizationMember:
        """A member, of the teams given."""
        user = user or Factories.create_user()
        member = OrganizationMember.objects.create(
            organization=organization, user_id=user.pk, role=role
        )
        for team in teams:
            Factories.create_team_membership(team=team, member=member)
        return member

    @staticmethod
    def create_team(
        organization: Organization | None = None,
        *,
        slug: str = "",
        name: str = "",
        members: Collection[OrganizationMember] = (),
    ) -> Team:
        """A team with the members given."""
        number = _next()
        team = Team.objects.create(
            organization=organization or Factories._some_organization(),
            slug=slug or f"team-{number}",
            name=name or f"Team {number}",
        )
        for member in members:
            Factories.create_team_membership(team=team, member=member)
        return team

    @staticmethod
    def create_team_membership(*, team: Team, member: OrganizationMember) -> OrganizationMemberTeam:
        """Puts a member into a team."""
        return OrganizationMemberTeam.objects.create(organizationmember=member, team=team)

    @staticmethod
    def create_project(
        organization: Organization | None = None,
        *,
        teams: Collection[Team] = (),
        slug: str = "",
        name: str = "",
        **fields: Any,
    ) -> Project:
        """A project that the teams given work on."""
        number = _next()
        project = Project.objects.create(
            organization=organization or Factories._some_organization(),
            slug=slug or f"project-{number}",
            name=name or f"Project {number}",
            **fields,
        )
        for team in teams:
            Factories.create_project_team(project=project, team=team)
        return project

    @staticmethod
    def create_project_team(*, project: Project, team: Team) -> ProjectTeam:
        """Gives a team access to a project."""
        return ProjectTeam.objects.create(project=project, team=team)

    @staticmethod
    def create_group(project: Project | None = None, *, title: str = "", **fields: Any) -> Group:
        """An issue group."""
        project = project or Factories.create_project()
        return Group.objects.create(project=project, title=title or f"Error {_next()}", **fields)

    @staticmethod
    def create_repo(
        project: Project | None = None,
        *,
        name: str = "",
        provider: str | None = "github",
        external_id: str | None = None,
        organization_id: int | None = None,
        integration_id: int | None = None,
        url: str | None = None,
        status: int = RepositoryStatus.ACTIVE,
        **fields: Any,
    ) -> Repository:
        """A repository. A bare provider key is stored as ``integrations:<key>``.

        It belongs to ``organization_id``, else to the project's organization.
        """
        if organization_id is None:
            organization_id = (
                project.organization_id if project else Factories._some_organization().id
            )
        number = _next()
        return Repository.objects.create(
            organization_id=organization_id,
            name=name or f"owner/repo-{number}",
            provider=stored_provider(provider),
            external_id=str(number) if external_id is None else external_id,
            integration_id=integration_id,
            url=url,
            status=status,
            **fields,
        )

    @staticmethod
    def create_commit_author(
        *,
        organization_id: int | None = None,
        name: str | None = "",
        email: str = "",
        external_id: str | None = None,
    ) -> CommitAuthor:
        """An author; of the organization that was made last where none is given."""
        number = _next()
        return CommitAuthor.objects.create(
            organization_id=organization_id or Factories._some_organization().id,
            name=f"Author {number}" if name == "" else name,
            email=(email or f"author-{number}@example.com").lower(),
            external_id=external_id,
        )

    @staticmethod
    def create_commit(
        repository: Repository | None = None,
        *,
        key: str = "",
        message: str | None = "",
        author: CommitAuthor | None = None,
        date_added: datetime | None = None,
    ) -> Commit:
        """A commit; its key is made of 40 hex digits where none is given."""
        repository = repository or Factories.create_repo()
        number = _next()
        return Commit.objects.create(
            organization_id=repository.organization_id,
            repository=repository,
            key=key or f"{number:040x}",
            message=f"Change {number}" if message == "" else message,
            author=author,
            date_added=date_added or datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        )

    @staticmethod
    def create_integration(
        *,
        organization: Organization | None = None,
        provider: str = "github",
        external_id: str = "",
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
        status: int = ObjectStatus.ACTIVE,
        organization_integration: Mapping[str, Any] | None = None,
    ) -> Integration:
        """An integration that is tied to the organization.

        ``organization_integration`` holds further fields of the tie (``status``, ``config``).
        """
        number = _next()
        integration = Integration.objects.create(
            provider=provider,
            external_id=external_id or f"installation-{number}",
            name=name or f"Installation {number}",
            metadata={} if metadata is None else metadata,
            status=status,
        )
        organization = organization or Factories._some_organization()
        Factories.create_organization_integration(
            organization_id=organization.id,
            integration=integration,
            **(organization_integration or {}),
        )
        return integration

    @staticmethod
    def create_organization_integration(
        *, organization_id: int, integration: Integration, **fields: Any
    ) -> OrganizationIntegration:
        """Ties an integration to a further organization."""
        return OrganizationIntegration.objects.create(
            organization_id=organization_id, integration=integration, **fields
        )

    @staticmethod
    def create_code_mapping(
        *,
        project: Project | None = None,
        repo: Repository | None = None,
        stack_root: str = "",
        source_root: str = "",
        default_branch: str | None = "main",
        **fields: Any,
    ) -> RepositoryProjectPathConfig:
        """A code mapping; the repository is made in the project's organization."""
        project = project or Factories.create_project()
        repo = repo or Factories.create_repo(project=project)
        fields.setdefault("integration_id", repo.integration_id)
        return RepositoryProjectPathConfig.objects.create(
            organization_id=project.organization_id,
            project=project,
            repository=repo,
            stack_root=stack_root,
            source_root=source_root,
            default_branch=default_branch,
            **fields,
        )

    @staticmethod
    def create_external_issue(
        *,
        organization: Organization | None = None,
        integration_id: int | None = None,
        key: str = "",
        group: Group | None = None,
        **fields: Any,
    ) -> ExternalIssue:
        """A ticket on a host; linked to ``group`` where one is given."""
        if organization is None:
            organization = group.project.organization if group else Factories._some_organization()
        if integration_id is None:
            integration_id = Factories.create_integration(organization=organization).pk
        fields.setdefault("title", "A ticket")
        issue = ExternalIssue.objects.create(
            organization=organization,
            integration_id=integration_id,
            key=key or f"owner/repo#{_next()}",
            **fields,
        )
        if group is not None:
            Factories.create_group_link(group=group, linked_id=issue.id)
        return issue

    @staticmethod
    def create_group_link(
        *, group: Group, linked_id: int, linked_type: int = LinkedType.ISSUE, **fields: Any
    ) -> GroupLink:
        """Ties a group to a ticket, or to what ``linked_type`` says."""
        return GroupLink.objects.create(
            group=group,
            project_id=group.project_id,
            linked_type=linked_type,
            linked_id=linked_id,
            **fields,
        )

    @staticmethod
    def create_api_key(
        organization: Organization,
        scope_list: Collection[str] = ("org:read", "repository:read"),
        *,
        label: str = "",
    ) -> tuple[ApiKey, str]:
        """An API key and its secret."""
        return ApiKey.objects.create_with_token(
            organization_id=organization.id, scope_list=scope_list, label=label
        )

    @staticmethod
    def create_org_auth_token(
        organization: Organization, scope_list: Collection[str] = ("org:ci",)
    ) -> tuple[OrgAuthToken, str]:
        """An organization token and its secret."""
        return OrgAuthToken.objects.create_with_token(
            organization_id=organization.id,
            organization_slug=organization.slug,
            scope_list=scope_list,
        )

    @staticmethod
    def create_user_auth_token(
        user: User,
        scope_list: Collection[str] | None = None,
        *,
        expires_at: datetime | None = None,
    ) -> tuple[ApiToken, str]:
        """A user token and its secret; it holds every scope where none are given."""
        scopes = sorted(ALL_SCOPES) if scope_list is None else scope_list
        return ApiToken.objects.create_with_token(
            user=user, scope_list=scopes, expires_at=expires_at
        )

    @staticmethod
    def create_idempotency_record(*, organization_id: int, **fields: Any) -> IdempotencyRecord:
        """A record of a mutation in flight, for an hour."""
        soon = timezone.now() + timedelta(hours=1)
        given = {
            "caller": "api_key:1",
            "method": "CreateCodeMapping",
            "key": f"key-{_next()}",
            "request_sha256": "0" * 64,
            "claimed_until": soon,
            "expires_at": soon,
            **fields,
        }
        return IdempotencyRecord.objects.create(organization_id=organization_id, **given)

    @staticmethod
    def create_signature_nonce(*, key_id: str = "key", nonce: str = "") -> SignatureNonce:
        """A nonce that was used, reserved for five minutes."""
        return SignatureNonce.objects.create(
            key_id=key_id,
            nonce=nonce or f"nonce-{_next()}",
            expires_at=timezone.now() + timedelta(minutes=5),
        )

    @staticmethod
    def create_rate_limit_counter(
        *, key: str = "", window: int = 0, used: int = 0
    ) -> RateLimitCounter:
        """A counter of one window, kept for a minute."""
        return RateLimitCounter.objects.create(
            key=key or f"api_key:{_next()}",
            window=window,
            used=used,
            expires_at=timezone.now() + timedelta(minutes=1),
        )

    @staticmethod
    def create_shared_result(
        *, key: str = "", holder: str = "somebody", value: bytes | None = b"a result"
    ) -> SharedResult:
        """A result that processes share, kept for a minute; without a value, one in the making."""
        return SharedResult.objects.create(
            key=key or f"{_next():064}",
            holder=holder,
            value=value,
            expires_at=timezone.now() + timedelta(minutes=1),
        )

    @staticmethod
    def create_option(*, key: str, value: OptionValue, updated_by: str = "") -> Option:
        """A stored value, which this process uses from now on."""
        row = Option.objects.create(key=key, value=value, updated_by=updated_by)
        refresher.load_all()
        return row

    @staticmethod
    def create_feature_rule(
        *, feature: str, organization_id: int = EVERY_ORGANIZATION, percentage: int = 100
    ) -> FeatureRule:
        """For whom a flag is on, which holds in this process from now on."""
        row = FeatureRule.objects.create(
            feature=feature, organization_id=organization_id, percentage=percentage
        )
        refresher.load_all()
        return row

    @staticmethod
    def create_analytics_event(*, organization_id: int, **fields: Any) -> AnalyticsEvent:
        """An event of analytics, kept for a day."""
        given = {
            "type": "code_mapping.created",
            "expires_at": timezone.now() + timedelta(days=1),
            **fields,
        }
        return AnalyticsEvent.objects.create(organization_id=organization_id, **given)

    @staticmethod
    def create_sync_job(
        organization: Organization | None = None, *, integration_id: int, **fields: Any
    ) -> SyncJob:
        """A synchronization that waits, kept for a day."""
        given = {"expires_at": timezone.now() + timedelta(days=1), **fields}
        return SyncJob.objects.create(
            organization=organization or Factories._some_organization(),
            integration_id=integration_id,
            **given,
        )

    @staticmethod
    def create_task_record(
        *, name: str = "sentry.tasks.sweep_expired", **fields: Any
    ) -> TaskRecord:
        """A task's pending record, due now."""
        given = {"queue": "maintenance", "arguments": '{"args": [], "kwargs": {}}', **fields}
        return TaskRecord.objects.create(name=name, **given)

    @staticmethod
    def create_periodic_task(
        *, name: str = "sentry.tasks.sweep_expired", next_run_at: datetime | None = None
    ) -> PeriodicTask:
        """When a task of the schedule is due: now."""
        return PeriodicTask.objects.create(name=name, next_run_at=next_run_at or timezone.now())

    @staticmethod
    def create_lease(*, name: str = "", holder: str = "holder") -> Lease:
        """A duty that somebody has for a minute."""
        return Lease.objects.create(
            name=name or f"lease-{_next()}",
            holder=holder,
            expires_at=timezone.now() + timedelta(minutes=1),
        )

    @staticmethod
    def _some_organization() -> Organization:
        """The organization that was made last, or a new one."""
        return Organization.objects.order_by("-id").first() or Factories.create_organization()
