from sentry.auth.roles import Role
from sentry.models import Group, Project, RepositoryProjectPathConfig
from sentry.testutils.cases import APITestCase


class ProjectsCase(APITestCase):
    endpoint = "sentry-api-0-organization-projects"

    def sign_in(self, role, teams=()):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=role, teams=list(teams))
        self.login_as(user)


class ListTest(ProjectsCase):
    def test_what_the_caller_sees(self):
        own, other = self.project, self.create_project(self.organization)
        self.create_project(self.create_organization())
        self.login_as(self.user)
        items = self.get_success_response(self.organization.slug).data
        assert {item["id"] for item in items} == {str(own.id), str(other.id)}
        self.sign_in(Role.ADMIN, [self.team])
        (item,) = self.get_success_response(self.organization.slug).data
        assert item == {
            "id": str(own.id),
            "slug": own.slug,
            "name": own.name,
            "platform": "",
            "dateCreated": item["dateCreated"],
            "teams": [{"id": str(self.team.id), "slug": self.team.slug, "name": self.team.name}],
        }
        assert item["dateCreated"].endswith("Z")


class CreateTest(ProjectsCase):
    method = "post"

    def test_an_owner_makes_one_with_or_without_a_team(self):
        self.login_as(self.user)
        answer = self.get_success_response(
            self.organization.slug, name="Shop", platform="python", status_code=201
        ).data
        assert (answer["slug"], answer["platform"], answer["teams"]) == ("shop", "python", [])
        answer = self.get_success_response(
            self.organization.slug, name="Shop", slug="shop-2", team=self.team.slug
        ).data
        assert [team["slug"] for team in answer["teams"]] == [self.team.slug]
        self.get_error_response(self.organization.slug, name="Shop", status_code=409)

    def test_an_admin_makes_those_of_own_teams(self):
        self.sign_in(Role.ADMIN, [self.team])
        other = self.create_team(self.organization)
        for body in ({}, {"team": other.slug}):
            answer = self.get_error_response(
                self.organization.slug, name="Shop", status_code=400, **body
            )
            assert set(answer.data["errors"]) == {"team"}
        self.get_success_response(self.organization.slug, name="Shop", team=self.team.slug)
        assert Project.objects.filter(organization=self.organization).count() == 1

    def test_a_member_makes_none(self):
        self.sign_in(Role.MEMBER, [self.team])
        self.get_error_response(self.organization.slug, name="Shop", status_code=403)


class DetailsTest(ProjectsCase):
    endpoint = "sentry-api-0-project-details"

    def place(self):
        return self.organization.slug, self.project.slug

    def test_reading_and_changing(self):
        self.login_as(self.user)
        assert self.get_success_response(*self.place()).data["id"] == str(self.project.id)
        answer = self.get_success_response(
            *self.place(), method="put", slug="new", name="New", platform="go"
        )
        assert {key: answer.data[key] for key in ("slug", "name", "platform")} == {
            "slug": "new",
            "name": "New",
            "platform": "go",
        }
        other = self.create_project(self.organization)
        self.get_error_response(
            self.organization.slug, "new", method="put", slug=other.slug, status_code=409
        )
        for body in ({"slug": "1"}, {"name": ""}, {"platform": "x" * 65}, {"Name": "x"}):
            self.get_error_response(
                self.organization.slug, "new", method="put", status_code=400, **body
            )

    def test_deleting_takes_what_belongs_to_it(self):
        self.create_group(self.project)
        self.create_code_mapping(project=self.project)
        self.login_as(self.user)
        self.get_success_response(*self.place(), method="delete", status_code=204)
        assert not Group.objects.exists()
        assert not RepositoryProjectPathConfig.objects.exists()

    def test_a_project_of_another_team_is_not_found(self):
        assert self.project.id
        self.sign_in(Role.ADMIN)
        for method, body in (("get", {}), ("put", {"name": "x"}), ("delete", {})):
            answer = self.get_error_response(*self.place(), method=method, status_code=404, **body)
            assert answer.data == {"detail": "project not found"}
        assert Project.objects.filter(id=self.project.id).exists()


class TeamsTest(ProjectsCase):
    endpoint = "sentry-api-0-project-teams"

    def test_the_teams_of_a_project(self):
        self.login_as(self.user)
        (item,) = self.get_success_response(self.organization.slug, self.project.slug).data
        assert item["slug"] == self.team.slug


class TeamDetailsTest(ProjectsCase):
    endpoint = "sentry-api-0-project-team-details"

    def test_a_team_comes_and_goes(self):
        other = self.create_team(self.organization)
        self.login_as(self.user)
        place = (self.organization.slug, self.project.slug, other.slug)
        for _ in range(2):
            answer = self.get_success_response(*place, method="post", status_code=201)
            assert {team["slug"] for team in answer.data["teams"]} == {self.team.slug, other.slug}
        self.get_success_response(*place, method="delete", status_code=204)
        self.get_error_response(*place, method="delete", status_code=404)

    def test_nobody_gives_away_what_they_do_not_see(self):
        own = self.create_team(self.organization)
        assert self.project.id
        self.sign_in(Role.ADMIN, [own])
        place = (self.organization.slug, self.project.slug, own.slug)
        self.get_error_response(*place, method="post", status_code=404)
        foreign = self.create_team(self.create_organization())
        self.login_as(self.user)
        self.get_error_response(*place[:2], foreign.slug, method="post", status_code=404)
