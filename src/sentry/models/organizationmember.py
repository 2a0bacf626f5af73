"""A user's membership of an organization."""

from django.db import models
from django.utils import timezone

from sentry.auth.roles import Role
from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


@region_silo_model
class OrganizationMember(RegionModel):
    """A user in an organization, with a role. ``user_id`` points into the control silo."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="member_set", db_index=False
    )
    user_id = models.BigIntegerField(db_index=True)
    role = models.CharField(max_length=16, choices=[(r, r) for r in Role], default=Role.MEMBER)
    teams = models.ManyToManyField("sentry.Team", through="sentry.OrganizationMemberTeam")
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_organizationmember"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user_id"], name="sentry_member_org_user"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}"


@region_silo_model
class OrganizationMemberTeam(RegionModel):
    """A member of a team."""

    organizationmember = models.ForeignKey(
        OrganizationMember, on_delete=models.CASCADE, db_index=False
    )
    team = models.ForeignKey("sentry.Team", on_delete=models.CASCADE)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_organizationmember_teams"
        constraints = [
            models.UniqueConstraint(
                fields=["organizationmember", "team"], name="sentry_memberteam_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organizationmember_id} in team {self.team_id}"
