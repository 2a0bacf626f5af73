from sentry.auth.roles import Role
from sentry.models import Project, Team
from sentry.testutils.cases import APITestCase


class TeamsTest(APITestCase):
    endpoint = "sentry-api-0-organization-teams"

    def test_list_and_create(self):
        self.login_as(self.user)
        answer = self.get_success_response(
            self.organization.slug, method="post", name=" Back end ", status_code=201
        ).data
        assert answer == {
            "id": answer["id"],
            "slug": "back-end",
            "name": "Back end",
            "memberCount": 0,
            "isMember": False,
        }
        member = self.create_member(organization=self.organization)
        self.create_team_membership(team=Team.objects.get(id=answer["id"]), member=member)
        self.create_team(self.create_organization())
        (item,) = self.get_success_response(self.organization.slug).data
        assert item == {**answer, "memberCount": 1}
        self.login_as(self.create_user())
        self.get_error_response(self.organization.slug, status_code=404)

    def test_what_is_wrong(self):
        self.login_as(self.user)
        assert self.team.slug
        for body, status in (
            ({}, 400),
            ({"name": ""}, 400),
            ({"name": "x", "slug": "Not One"}, 400),
            ({"name": "x", "slug": self.team.slug}, 409),
            ({"name": "x" * 65}, 400),
        ):
            with self.subTest(body):
                self.get_error_response(
                    self.organization.slug, method="post", status_code=status, **body
                )


class TeamDetailsTest(APITestCase):
    endpoint = "sentry-api-0-organization-team-details"

    def test_reading_and_changing(self):
        member = self.create_member(
            organization=self.organization, role=Role.MEMBER, teams=[self.team]
        )
        self.login_as(self.user)
        place = (self.organization.slug, self.team.slug)
        assert self.get_success_response(*place).data["memberCount"] == 1
        answer = self.get_success_response(*place, method="put", slug="new", name="New")
        assert (answer.data["slug"], answer.data["name"]) == ("new", "New")
        self.get_error_response(*place, status_code=404)
        taken = self.create_team(self.organization)
        self.get_error_response(
            self.organization.slug, "new", method="put", slug=taken.slug, status_code=409
        )
        assert member.teams.count() == 1

    def test_deleting_leaves_members_and_projects(self):
        assert self.project.id
        self.login_as(self.user)
        place = (self.organization.slug, self.team.slug)
        self.get_success_response(*place, method="delete", status_code=204)
        self.get_error_response(*place, method="delete", status_code=404)
        assert Project.objects.filter(id=self.project.id).exists()

    def test_a_foreign_team(self):
        foreign = self.create_team(self.create_organization())
        self.login_as(self.user)
        for method, body in (("get", {}), ("put", {"name": "x"}), ("delete", {})):
            self.get_error_response(
                self.organization.slug, foreign.slug, method=method, status_code=404, **body
            )
