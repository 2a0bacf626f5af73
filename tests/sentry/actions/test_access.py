import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry.actions.access import get_projects, organization_of_user
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.roles import Role, scopes_of
from sentry.integrations.source_code_management.errors import NotFound
from sentry.testutils.cases import TestCase


class GetProjectsTest(TestCase):
    def setUp(self):
        super().setUp()
        self.other = self.create_project(self.organization, slug="zz-other")
        self.foreign = self.create_project(self.create_organization())
        assert self.project.slug < self.other.slug

    def service(self):
        return Caller(
            kind=CallerKind.API_KEY,
            organization_id=self.organization.id,
            scopes=frozenset(),
            credential="api_key:1",
        )

    def member(self, role=Role.MEMBER, teams=()):
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=role, teams=teams)
        return Caller(
            kind=CallerKind.SESSION,
            organization_id=self.organization.id,
            scopes=scopes_of(role),
            credential=f"user:{user.pk}",
            user_id=user.pk,
            role=role,
        )

    def ids(self, caller, **query):
        return [project.id for project in get_projects(caller, **query)]

    def test_a_program_a_manager_and_an_owner_see_every_project(self):
        everything = [self.project.id, self.other.id]
        for caller in (self.service(), self.member(Role.MANAGER), self.member(Role.OWNER)):
            assert self.ids(caller) == everything
            assert self.ids(caller, project_ids=everything) == everything

    def test_a_member_sees_the_projects_of_own_teams(self):
        for role in (Role.MEMBER, Role.ADMIN):
            caller = self.member(role, teams=[self.team])
            assert self.ids(caller) == [self.project.id]
            assert self.ids(caller, slugs=[self.project.slug]) == [self.project.id]
            with pytest.raises(NotFound):
                get_projects(caller, project_ids=[self.project.id, self.other.id])

    def test_a_project_of_two_teams_is_seen_once(self):
        second = self.create_team(self.organization)
        self.create_project_team(project=self.project, team=second)
        caller = self.member(teams=[self.team, second])
        assert self.ids(caller) == [self.project.id]

    def test_a_team_of_the_same_user_elsewhere_opens_nothing(self):
        caller = self.member()
        elsewhere = self.foreign.organization
        team = self.create_team(elsewhere)
        self.create_project_team(project=self.foreign, team=team)
        member = self.create_member(organization=elsewhere, user=self.create_user())
        member.user_id = caller.user_id
        member.save()
        self.create_team_membership(team=team, member=member)
        assert self.ids(caller) == []

    def test_what_is_not_there_or_foreign_is_not_found(self):
        for query in (
            {"project_ids": [self.foreign.id]},
            {"project_ids": [self.project.id, 1]},
            {"project_ids": [0]},
            {"project_ids": [-1]},
            {"project_ids": [2**63]},
            {"slugs": [self.foreign.slug]},
            {"slugs": [""]},
        ):
            with self.subTest(query), pytest.raises(NotFound) as raised:
                get_projects(self.service(), **query)
            assert raised.value.message == "project not found"

    def test_nothing_asked_nothing_found(self):
        assert self.ids(self.service(), project_ids=[]) == []

    def test_one_statement(self):
        caller = self.member(teams=[self.team])
        with CaptureQueriesContext(connection) as captured:
            get_projects(caller, project_ids=[self.project.id])
        assert len(captured) == 1


class OrganizationOfUserTest(TestCase):
    def test_only_where_the_user_is_a_member(self):
        other = self.create_organization()
        own = self.organization
        assert organization_of_user(self.user.pk, slug=own.slug) == own.id
        assert organization_of_user(self.user.pk, organization_id=own.id) == own.id
        assert organization_of_user(self.user.pk) == own.id
        assert organization_of_user(self.user.pk, slug=other.slug) is None
        assert organization_of_user(self.user.pk, organization_id=other.id) is None
        assert organization_of_user(self.user.pk, slug=own.slug, organization_id=other.id) == own.id
        assert organization_of_user(self.create_user().pk) is None
