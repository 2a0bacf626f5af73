"""A tie between an issue group and a commit, a pull request or a ticket."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.group import Group
from sentry.models.project import Project
from sentry.silo import region_silo_model


class LinkedType(models.IntegerChoices):
    """What the group is tied to."""

    COMMIT = 1, "commit"
    PULL_REQUEST = 2, "pull_request"
    ISSUE = 3, "issue"


class Relationship(models.IntegerChoices):
    """What the tie means."""

    RESOLVES = 1, "resolves"
    REFERENCES = 2, "references"


@region_silo_model
class GroupLink(RegionModel):
    """Ties a group to ``linked_id``, a row of the kind that ``linked_type`` names."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    linked_type = models.PositiveSmallIntegerField(choices=LinkedType.choices)
    linked_id = models.BigIntegerField()
    relationship = models.PositiveSmallIntegerField(
        choices=Relationship.choices, default=Relationship.REFERENCES
    )
    data = models.JSONField(default=dict)
    datetime = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_grouplink"
        constraints = [
            models.UniqueConstraint(
                fields=["group", "linked_type", "linked_id"], name="sentry_grouplink_triple"
            )
        ]
        indexes = [
            models.Index(
                fields=["project", "linked_id", "linked_type", "group"],
                name="sentry_grouplink_project_link",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group_id} -> {self.get_linked_type_display()} {self.linked_id}"
