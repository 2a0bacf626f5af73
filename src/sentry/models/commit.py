"""A commit of a repository."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.commitauthor import CommitAuthor
from sentry.models.organization import Organization
from sentry.models.repository import Repository
from sentry.silo import region_silo_model


@region_silo_model
class Commit(RegionModel):
    """A commit. ``key`` is its full id; ``date_added`` is the committer's time.

    ``author`` is whom the organization knows by the address; ``author_name`` and ``author_email``
    are what this commit says, letter for letter (null: kept by the author's row alone).
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=64)
    message = models.TextField(null=True)
    author = models.ForeignKey(CommitAuthor, null=True, on_delete=models.SET_NULL)
    author_name = models.TextField(null=True)
    author_email = models.TextField(null=True)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_commit"
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "key"], name="sentry_commit_repository_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["repository", "-date_added", "-id"], name="sentry_commit_repo_date_id"
            )
        ]

    def __str__(self) -> str:
        return self.key
