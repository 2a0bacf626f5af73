import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry import options
from sentry.actions.organization_cache import organization_cache
from sentry.actions.reading import (
    get_organization,
    list_organizations,
    project_slugs,
    provider_names,
    repositories_by_id,
)
from sentry.auth.caller import Caller, CallerKind
from sentry.integrations.registry import PROVIDERS
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.models import RepositoryStatus
from sentry.testutils.cases import TestCase


class ReadingTest(TestCase):
    def setUp(self):
        super().setUp()
        self.caller = self.caller_in(self.organization)

    def caller_in(self, organization, **changes):
        facts = {
            "kind": CallerKind.API_KEY,
            "scopes": frozenset(),
            "credential": "api_key:1",
            **changes,
        }
        return Caller(organization_id=organization.id, **facts)

    def test_an_organization_is_remembered(self):
        first = get_organization(self.caller, self.organization.slug)
        with CaptureQueriesContext(connection) as captured:
            assert get_organization(self.caller, self.organization.slug) == first
        assert len(captured) == 0

    def test_a_change_in_this_process_is_seen_at_once(self):
        slug = self.organization.slug
        get_organization(self.caller, slug)
        self.organization.slug = "renamed"
        self.organization.save()
        assert get_organization(self.caller, "renamed").slug == "renamed"
        with pytest.raises(NotFound):
            get_organization(self.caller, slug)
        self.organization.delete()
        with pytest.raises(NotFound):
            get_organization(self.caller, "renamed")

    def test_nothing_is_remembered_without_a_time(self):
        with options.override({"auth.cache-ttl": 0.0}), CaptureQueriesContext(connection) as seen:
            for _ in range(2):
                get_organization(self.caller, self.organization.slug)
        assert len(seen) == 2
        organization_cache.forget(self.organization.id)

    def test_a_foreign_slug_is_not_found_though_it_exists(self):
        other = self.create_organization()
        get_organization(self.caller_in(other), other.slug)
        with pytest.raises(NotFound):
            get_organization(self.caller, other.slug)

    def test_a_token_of_one_caller_is_none_of_another(self):
        self.create_organization(owner=self.user)
        session = self.caller_in(self.organization, kind=CallerKind.SESSION, user_id=self.user.pk)
        token = list_organizations(session, page_size=1).next_token
        assert len(list_organizations(session, page_token=token).items) == 1
        with pytest.raises(InvalidArgument):
            list_organizations(self.caller, page_token=token)
        with pytest.raises(InvalidArgument):
            list_organizations(self.caller, page_size=-1)

    def test_names_are_those_of_the_own_organization(self):
        foreign = self.create_project(self.create_organization())
        ids = [self.project.id, foreign.id]
        assert project_slugs(self.caller, ids) == {self.project.id: self.project.slug}
        own = self.create_repo(organization_id=self.organization.id)
        gone = self.create_repo(
            organization_id=self.organization.id, status=RepositoryStatus.PENDING_DELETION
        )
        other = self.create_repo(organization_id=foreign.organization_id)
        found = repositories_by_id(self.caller, [own.id, gone.id, other.id])
        assert set(found) == {own.id}


def test_every_registered_provider_has_a_name():
    assert provider_names() == {provider.key: provider.name for provider in PROVIDERS}
