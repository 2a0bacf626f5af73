"""The tables of the platform: one noun per file, each with its silo declared."""

from sentry.models.analyticsevent import AnalyticsEvent
from sentry.models.apikey import ApiKey, ApiKeyStatus
from sentry.models.apitoken import ApiToken
from sentry.models.commit import Commit
from sentry.models.commitauthor import CommitAuthor
from sentry.models.commitfilechange import ChangeType, CommitFileChange
from sentry.models.featurerule import EVERY_ORGANIZATION, FeatureRule
from sentry.models.group import Group
from sentry.models.grouplink import GroupLink
from sentry.models.idempotency import IdempotencyRecord
from sentry.models.integrations import (
    ExternalIssue,
    Integration,
    OrganizationIntegration,
    RepositoryProjectPathConfig,
)
from sentry.models.lease import Lease
from sentry.models.option import Option
from sentry.models.organization import Organization
from sentry.models.organizationmember import OrganizationMember, OrganizationMemberTeam
from sentry.models.orgauthtoken import OrgAuthToken
from sentry.models.periodictask import PeriodicTask
from sentry.models.project import Project, ProjectTeam
from sentry.models.pullrequest import PullRequest, PullRequestStatus
from sentry.models.ratelimitcounter import RateLimitCounter
from sentry.models.repository import Repository, RepositoryStatus
from sentry.models.sharedresult import SharedResult
from sentry.models.signaturenonce import SignatureNonce
from sentry.models.syncjob import SyncJob, SyncJobStatus
from sentry.models.taskrecord import TaskRecord, TaskStatus
from sentry.models.team import Team
from sentry.models.user import User
from sentry.models.webhookpayload import WebhookPayload, WebhookStatus

__all__ = [
    "EVERY_ORGANIZATION",
    "AnalyticsEvent",
    "ApiKey",
    "ApiKeyStatus",
    "ApiToken",
    "ChangeType",
    "Commit",
    "CommitAuthor",
    "CommitFileChange",
    "ExternalIssue",
    "FeatureRule",
    "Group",
    "GroupLink",
    "IdempotencyRecord",
    "Integration",
    "Lease",
    "Option",
    "OrgAuthToken",
    "Organization",
    "OrganizationIntegration",
    "OrganizationMember",
    "OrganizationMemberTeam",
    "PeriodicTask",
    "Project",
    "ProjectTeam",
    "PullRequest",
    "PullRequestStatus",
    "RateLimitCounter",
    "Repository",
    "RepositoryProjectPathConfig",
    "RepositoryStatus",
    "SharedResult",
    "SignatureNonce",
    "SyncJob",
    "SyncJobStatus",
    "TaskRecord",
    "TaskStatus",
    "Team",
    "User",
    "WebhookPayload",
    "WebhookStatus",
]
