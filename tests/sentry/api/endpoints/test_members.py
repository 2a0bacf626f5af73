from sentry.auth.roles import Role
from sentry.models import OrganizationMember
from sentry.testutils.cases import APITestCase


class MembersCase(APITestCase):
    endpoint = "sentry-api-0-organization-members"

    def member(self, role, teams=()):
        user = self.create_user()
        row = self.create_member(
            organization=self.organization, user=user, role=role, teams=list(teams)
        )
        return user, row

    def sign_in(self, role):
        user, row = self.member(role)
        self.login_as(user)
        return row

    def role_of(self, row):
        return OrganizationMember.objects.get(pk=row.pk).role


class ListTest(MembersCase):
    def test_names_roles_and_teams(self):
        user, row = self.member(Role.ADMIN, [self.team])
        self.login_as(self.user)
        owner, item = self.get_success_response(self.organization.slug).data
        assert (owner["userId"], owner["orgRole"], owner["teams"]) == (
            str(self.user.pk),
            "owner",
            [],
        )
        assert item == {
            "id": str(row.id),
            "userId": str(user.pk),
            "name": user.username,
            "email": user.email,
            "orgRole": "admin",
            "teams": [self.team.slug],
        }


class AdmitTest(MembersCase):
    method = "post"

    def test_a_user_becomes_a_member(self):
        self.login_as(self.user)
        user = self.create_user(email="new@example.com")
        answer = self.get_success_response(
            self.organization.slug,
            user="NEW@example.com",
            role="manager",
            teams=[self.team.slug],
            status_code=201,
        ).data
        assert (answer["orgRole"], answer["teams"]) == ("manager", [self.team.slug])
        row = OrganizationMember.objects.get(organization=self.organization, user_id=user.pk)
        assert answer["id"] == str(row.id)
        again = self.get_error_response(self.organization.slug, user=user.username, status_code=409)
        assert again.data == {"detail": "this member exists already"}

    def test_nobody_gives_a_role_above_their_own(self):
        self.sign_in(Role.MANAGER)
        user = self.create_user()
        answer = self.get_error_response(
            self.organization.slug, user=user.username, role="owner", status_code=403
        )
        assert "org:admin" in answer.data["detail"]
        self.get_success_response(self.organization.slug, user=user.username, role="manager")

    def test_a_program_gives_no_more_than_its_scopes(self):
        _, token = self.create_api_key(self.organization, ["member:admin"])
        user = self.create_user()
        self.get_error_response(
            self.organization.slug,
            headers={"x-api-key": token},
            user=user.username,
            status_code=403,
        )
        assert not OrganizationMember.objects.filter(user_id=user.pk).exists()

    def test_what_is_wrong(self):
        self.login_as(self.user)
        for body, status in (
            ({"user": "nobody"}, 404),
            ({"user": self.create_user().username, "teams": ["nobody"]}, 404),
            ({"user": "x", "role": "king"}, 400),
            ({}, 400),
            ({"user": "x", "orgRole": "member"}, 400),
        ):
            with self.subTest(body):
                self.get_error_response(self.organization.slug, status_code=status, **body)
        assert OrganizationMember.objects.filter(organization=self.organization).count() == 1

    def test_a_member_admits_nobody(self):
        self.sign_in(Role.ADMIN)
        self.get_error_response(self.organization.slug, user="x", status_code=403)


class DetailsTest(MembersCase):
    endpoint = "sentry-api-0-organization-member-details"

    def test_reading(self):
        row = self.sign_in(Role.MEMBER)
        answer = self.get_success_response(self.organization.slug, row.id)
        assert answer.data["id"] == str(row.id)
        foreign = self.create_member(organization=self.create_organization())
        for member_id in (foreign.id, 1):
            self.get_error_response(self.organization.slug, member_id, status_code=404)

    def test_role_and_teams(self):
        _, row = self.member(Role.MEMBER, [self.team])
        other = self.create_team(self.organization)
        self.login_as(self.user)
        answer = self.get_success_response(
            self.organization.slug, row.id, method="put", role="admin", teams=[other.slug]
        )
        assert (answer.data["orgRole"], answer.data["teams"]) == ("admin", [other.slug])
        answer = self.get_success_response(self.organization.slug, row.id, method="put", teams=[])
        assert (answer.data["orgRole"], answer.data["teams"]) == ("admin", [])

    def test_all_of_it_or_nothing(self):
        _, row = self.member(Role.MEMBER)
        self.login_as(self.user)
        self.get_error_response(
            self.organization.slug,
            row.id,
            method="put",
            role="admin",
            teams=["nobody"],
            status_code=404,
        )
        assert self.role_of(row) == Role.MEMBER

    def test_nobody_acts_on_a_member_above_them(self):
        manager = self.sign_in(Role.MANAGER)
        owner = OrganizationMember.objects.get(user_id=self.user.pk, organization=self.organization)
        _, second = self.member(Role.OWNER)
        for row in (owner, second):
            self.get_error_response(
                self.organization.slug, row.id, method="put", role="member", status_code=403
            )
            self.get_error_response(
                self.organization.slug, row.id, method="delete", status_code=403
            )
        self.get_error_response(
            self.organization.slug, manager.id, method="put", role="owner", status_code=403
        )

    def test_the_last_owner_stays(self):
        self.login_as(self.user)
        owner = OrganizationMember.objects.get(user_id=self.user.pk, organization=self.organization)
        for method, body in (("put", {"role": "manager"}), ("delete", {})):
            answer = self.get_error_response(
                self.organization.slug, owner.id, method=method, status_code=409, **body
            )
            assert answer.data["detail"].startswith("the last owner")
        self.get_success_response(self.organization.slug, owner.id, method="put", role="owner")
        self.member(Role.OWNER)
        self.get_success_response(
            self.organization.slug, owner.id, method="put", role="manager", status_code=200
        )

    def test_a_removed_member_finds_nothing(self):
        user, row = self.member(Role.MEMBER)
        self.login_as(self.user)
        self.get_success_response(self.organization.slug, row.id, method="delete", status_code=204)
        self.login_as(user)
        self.get_error_response(self.organization.slug, row.id, status_code=404)


class MeTest(MembersCase):
    endpoint = "sentry-api-0-organization-member-me"

    def test_a_member_looks_and_leaves(self):
        row = self.sign_in(Role.MEMBER)
        assert self.get_success_response(self.organization.slug).data["id"] == str(row.id)
        self.get_success_response(self.organization.slug, method="delete", status_code=204)
        assert not OrganizationMember.objects.filter(pk=row.pk).exists()

    def test_the_last_owner_cannot_leave(self):
        assert self.organization.id
        self.login_as(self.user)
        self.get_error_response(self.organization.slug, method="delete", status_code=409)

    def test_a_program_is_nobody(self):
        _, token = self.create_api_key(self.organization, ["member:admin"])
        answer = self.get_error_response(
            self.organization.slug, headers={"x-api-key": token}, status_code=403
        )
        assert answer.data == {"detail": "this needs a session: sign in"}


class TeamTest(MembersCase):
    endpoint = "sentry-api-0-organization-member-team-details"

    def test_in_and_out(self):
        _, row = self.member(Role.MEMBER)
        self.login_as(self.user)
        place = (self.organization.slug, row.id, self.team.slug)
        for _ in range(2):
            answer = self.get_success_response(*place, method="post", status_code=201)
            assert answer.data["teams"] == [self.team.slug]
        assert self.get_success_response(*place, method="delete").data["teams"] == []
        self.get_error_response(*place, method="delete", status_code=404)

    def test_a_foreign_team_or_member(self):
        _, row = self.member(Role.MEMBER)
        elsewhere = self.create_organization()
        team, member = self.create_team(elsewhere), self.create_member(organization=elsewhere)
        self.login_as(self.user)
        for member_id, slug in ((row.id, team.slug), (member.id, self.team.slug)):
            self.get_error_response(
                self.organization.slug, member_id, slug, method="post", status_code=404
            )

    def test_nobody_moves_a_member_above_them(self):
        user, owner = self.member(Role.OWNER, [self.team])
        other = self.create_team(self.organization)
        for role in (Role.MANAGER, Role.ADMIN):
            self.sign_in(role)
            for slug, method in ((other.slug, "post"), (self.team.slug, "delete")):
                answer = self.get_error_response(
                    self.organization.slug, owner.id, slug, method=method, status_code=403
                )
                assert "org:admin" in answer.data["detail"]
        self.login_as(user)
        own = (self.organization.slug, owner.id)
        self.get_success_response(*own, other.slug, method="post")
        answer = self.get_success_response(*own, self.team.slug, method="delete")
        assert answer.data["teams"] == [other.slug]

    def test_one_moves_oneself_with_fewer_scopes(self):
        user, row = self.member(Role.MANAGER)
        _, token = self.create_user_auth_token(user, ["team:write"])
        bearer = {"authorization": f"Bearer {token}"}
        answer = self.get_success_response(
            self.organization.slug, row.id, self.team.slug, method="post", headers=bearer
        )
        assert answer.data["teams"] == [self.team.slug]
        _, other = self.member(Role.MEMBER)
        self.get_error_response(
            self.organization.slug,
            other.id,
            self.team.slug,
            method="post",
            headers=bearer,
            status_code=403,
        )
