"""Makes rows for tests: one ``create_*`` for every model, each with sensible defaults."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from sentry.auth.roles import Role
from sentry.auth.scopes import ALL_SCOPES
from sentry.integrations.source_code_management.kept_deliveries import keep
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.models import (
    ApiKey,
    ApiToken,
    ChangeType,
    Commit,
    CommitAuthor,
    CommitFileChange,
    ExternalIssue,
    Group,
    GroupLink,
    Integration,
    Organization,
    OrganizationIntegration,
    OrganizationMember,
    OrganizationMemberTeam,
    OrgAuthToken,
    Project,
    ProjectTeam,
    PullRequest,
    Repository,
    RepositoryProjectPathConfig,
    RepositoryStatus,
    SyncJob,
    Team,
    User,
    WebhookPayload,
)
from sentry.models.grouplink import LinkedType
from sentry.models.integrations.integration import ObjectStatus
from sentry.testutils.factories_of_bookkeeping import BookkeepingFactories, next_number

PASSWORD = "a-password-of-tests"


def stored_provider(provider: str | None) -> str | None:
    """How a repository's row names a provider: "github" becomes "integrations:github"."""
    if provider in set(ProviderKey):
        return f"integrations:{provider}"
    return provider


class Factories(BookkeepingFactories):
    """``create_*`` for every model. What is not given is made or chosen."""

    @staticmethod
    def create_user(email: str = "", *, is_superuser: bool = False, **fields: Any) -> User:
        """A user who can sign in with ``PASSWORD``."""
        address = email or f"user-{next_number()}@example.com"
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
        number = next_number()
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
        number = next_number()
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
        number = next_number()
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
        return Group.objects.create(
            project=project, title=title or f"Error {next_number()}", **fields
        )

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
        number = next_number()
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
        number = next_number()
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
        number = next_number()
        return Commit.objects.create(
            organization_id=repository.organization_id,
            repository=repository,
            key=key or f"{number:040x}",
            message=f"Change {number}" if message == "" else message,
            author=author,
            date_added=date_added or datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        )

    @staticmethod
    def create_commit_file_change(
        commit: Commit | None = None, *, filename: str = "", change: str = ChangeType.MODIFIED
    ) -> CommitFileChange:
        """A file that a commit changed."""
        commit = commit or Factories.create_commit()
        return CommitFileChange.objects.create(
            organization_id=commit.organization_id,
            commit=commit,
            filename=filename or f"src/file-{next_number()}.py",
            type=change,
        )

    @staticmethod
    def create_pull_request(
        repository: Repository | None = None, *, key: str = "", **fields: Any
    ) -> PullRequest:
        """A pull request, open where nothing else is said."""
        repository = repository or Factories.create_repo()
        number = next_number()
        fields.setdefault("title", f"Request {number}")
        return PullRequest.objects.create(
            organization_id=repository.organization_id,
            repository=repository,
            key=key or str(number),
            **fields,
        )

    @staticmethod
    def create_webhook_payload(
        integration: Integration | None = None, *, body: bytes = b"{}", **fields: Any
    ) -> WebhookPayload:
        """A delivery that waits to be handled, with the headers of ``fields["headers"]``."""
        payload = keep(fields.pop("headers", {}), body)
        given = {"digest": f"{next_number():064x}", "payload": payload, **fields}
        return WebhookPayload.objects.create(
            integration=integration or Factories.create_integration(), **given
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
        webhook_secrets: Sequence[str] | None = None,
        organization_integration: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Integration:
        """An integration that is tied to the organization.

        ``organization_integration`` holds further fields of the tie (``status``, ``config``).
        """
        number = next_number()
        integration = Integration.objects.create(
            provider=provider,
            external_id=external_id or f"installation-{number}",
            name=name or f"Installation {number}",
            metadata={} if metadata is None else metadata,
            webhook_secrets=None if webhook_secrets is None else list(webhook_secrets),
            status=status,
            **fields,
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
            key=key or f"owner/repo#{next_number()}",
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
    def _some_organization() -> Organization:
        """The organization that was made last, or a new one."""
        return Organization.objects.order_by("-id").first() or Factories.create_organization()
