"""A pull request of a repository."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.commitauthor import CommitAuthor
from sentry.models.organization import Organization
from sentry.models.repository import Repository
from sentry.silo import region_silo_model


class PullRequestStatus(models.TextChoices):
    """Where it stands; "merged" is never left again."""

    OPEN = "open", "open"
    CLOSED = "closed", "closed"
    MERGED = "merged", "merged"


@region_silo_model
class PullRequest(RegionModel):
    """A pull or merge request. ``key`` is its number in the repository.

    ``author`` is whom the organization knows by the account. ``date_added`` is when it was opened,
    ``date_updated`` the host's time of the state that is kept here, null where the host tells none.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=64)
    title = models.TextField(null=True)
    message = models.TextField(null=True)
    author = models.ForeignKey(CommitAuthor, null=True, on_delete=models.SET_NULL)
    state = models.CharField(
        max_length=8, choices=PullRequestStatus.choices, default=PullRequestStatus.OPEN
    )
    head_branch = models.TextField(default="")
    base_branch = models.TextField(default="")
    merge_commit_sha = models.CharField(max_length=64, null=True)
    date_added = models.DateTimeField(default=timezone.now)
    date_updated = models.DateTimeField(null=True)
    merged_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_pullrequest"
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "key"], name="sentry_pullrequest_repo_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "merge_commit_sha"], name="sentry_pullrequest_org_merge"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.key}"
