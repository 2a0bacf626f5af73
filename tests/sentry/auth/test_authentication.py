"""What a process remembers of credentials, for how long, and what makes it forget."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sentry import options
from sentry.auth import cache as cache_module
from sentry.auth.authentication import (
    PresentedCredentials,
    authenticate,
    caller_of_user,
    parse_organization_id,
)
from sentry.auth.cache import CallerCache, caller_cache
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.roles import Role
from sentry.auth.services.credential import credential_service
from sentry.integrations.source_code_management.errors import Unauthenticated
from sentry.models import ApiKey
from sentry.models.apikey import ApiKeyStatus
from sentry.testutils.factories import Factories
from sentry.utils.tokens import hash_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """The cache's clock, which stands until it is moved."""
    now = [1000.0]

    class Clock:
        monotonic = staticmethod(lambda: now[0])

    monkeypatch.setattr(cache_module, "time", Clock)
    return now


@pytest.fixture
def organization():
    return Factories.create_organization()


@pytest.fixture
def key(organization):
    return Factories.create_api_key(organization, label="ci")


def by_key(token):
    return authenticate(PresentedCredentials(api_key=token))


def by_bearer(token, organization_id=""):
    return authenticate(
        PresentedCredentials(authorization=f"Bearer {token}", organization_id=organization_id)
    )


def revoke_elsewhere(row):
    """As another process does it: no signal of this one fires."""
    ApiKey.objects.filter(pk=row.pk).update(status=ApiKeyStatus.INACTIVE)


def test_the_caller(organization, key):
    row, token = key
    assert by_key(token) == Caller(
        kind=CallerKind.API_KEY,
        organization_id=organization.id,
        scopes=frozenset({"org:read", "repository:read"}),
        credential=f"api_key:{row.pk}",
        label="ci",
    )


def test_no_secret_is_shown():
    presented = PresentedCredentials(api_key="sapk_secret", authorization="Bearer secret")
    assert "secret" not in repr(presented)


class TestCache:
    def test_a_known_credential_needs_no_query(self, key, django_assert_num_queries):
        first = by_key(key[1])
        with django_assert_num_queries(0):
            assert by_key(key[1]) == first

    def test_revoked_here_it_is_refused_at_once(self, key):
        row, token = key
        by_key(token)
        row.status = ApiKeyStatus.INACTIVE
        row.save()
        with pytest.raises(Unauthenticated):
            by_key(token)

    def test_revoked_elsewhere_it_is_refused_within_the_time(self, key, clock):
        row, token = key
        by_key(token)
        revoke_elsewhere(row)
        clock[0] += 4.9
        assert by_key(token).organization_id == row.organization_id
        clock[0] += 0.1
        with pytest.raises(Unauthenticated):
            by_key(token)

    def test_use_does_not_lengthen_its_time(self, key, clock):
        row, token = key
        by_key(token)
        revoke_elsewhere(row)
        for _ in range(4):
            clock[0] += 1
            by_key(token)
        clock[0] += 1
        with pytest.raises(Unauthenticated):
            by_key(token)

    def test_it_can_be_turned_off(self, key):
        row, token = key
        with options.override({"auth.cache-ttl": 0}):
            by_key(token)
            revoke_elsewhere(row)
            with pytest.raises(Unauthenticated):
                by_key(token)

    def test_a_token_is_not_kept_longer_than_it_is_valid(self, organization, clock):
        user = Factories.create_user()
        Factories.create_member(organization=organization, user=user)
        soon = timezone.now() + timedelta(seconds=2)
        row, token = Factories.create_user_auth_token(user, expires_at=soon)
        by_bearer(token)
        type(row).objects.filter(pk=row.pk).update(expires_at=timezone.now())
        clock[0] += 2.1
        with pytest.raises(Unauthenticated):
            by_bearer(token)

    def test_unknown_credentials_are_not_kept(self, organization):
        with pytest.raises(Unauthenticated):
            by_key("sapk_unknown")
        assert caller_cache.get((hash_token("sapk_unknown"), "")) is None

    def test_each_organization_that_is_asked_for_is_kept_apart(self, organization):
        user = Factories.create_user()
        second = Factories.create_organization()
        for one in (organization, second):
            Factories.create_member(organization=one, user=user)
        _, token = Factories.create_user_auth_token(user)
        for one in (organization, second, organization):
            assert by_bearer(token, str(one.id)).organization_id == one.id

    def test_no_secret_is_kept(self, key):
        by_key(key[1])
        assert all(key[1] not in str(entry) for entry in caller_cache._entries.items())

    def test_it_does_not_grow_without_end(self, key, monkeypatch):
        monkeypatch.setattr(cache_module, "_MAX_ENTRIES", 3)
        cache, caller = CallerCache(), by_key(key[1])
        for number in range(7):
            cache.put((str(number), ""), caller, generation=cache.generation)
        assert len(cache._entries) <= 3
        assert cache.get(("6", "")) == caller

    def test_what_has_no_time_left_is_not_kept(self, key):
        cache = CallerCache()
        cache.put(("a", ""), by_key(key[1]), generation=cache.generation, seconds_left=0)
        assert cache.get(("a", "")) is None


def after_it_was_read(work):
    """Another thread's work between the reading of a key and its being remembered."""
    waiting = [True]

    def watch(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if waiting and sql.startswith("SELECT") and "sentry_apikey" in sql:
            waiting.clear()
            work()
        return done

    return connection.execute_wrapper(watch)


class TestRevokedMeanwhile:
    def revoke(self, row):
        row.status = ApiKeyStatus.INACTIVE
        row.save()

    def test_a_key_that_was_read_just_before_is_not_remembered(self, key):
        row, token = key
        with after_it_was_read(lambda: self.revoke(row)):
            by_key(token)
        with pytest.raises(Unauthenticated):
            by_key(token)

    @pytest.mark.django_db(transaction=True)
    def test_a_key_that_was_read_before_the_commit_is_forgotten_at_it(self, key):
        row, token = key
        with transaction.atomic():
            self.revoke(row)
            stale = Caller(
                kind=CallerKind.API_KEY,
                organization_id=row.organization_id,
                scopes=frozenset(),
                credential="api_key:1",
            )
            caller_cache.put((hash_token(token), ""), stale, generation=caller_cache.generation)
        with pytest.raises(Unauthenticated):
            by_key(token)


class TestUsers:
    def test_a_member_acts_with_its_role(self, organization):
        user = Factories.create_user()
        Factories.create_member(organization=organization, user=user, role=Role.ADMIN)
        caller = caller_of_user(user.pk, organization.id, CallerKind.SESSION)
        assert caller is not None
        assert caller.role is Role.ADMIN
        assert caller.has_scope("repository:write")
        assert not caller.has_scope("org:admin")
        assert (caller.credential, caller.user_id) == (f"user:{user.pk}", user.pk)

    def test_others_do_not(self, organization):
        stranger = Factories.create_user()
        gone = Factories.create_user(is_active=False)
        Factories.create_member(organization=organization, user=gone)
        for user in (stranger, gone):
            assert caller_of_user(user.pk, organization.id, CallerKind.SESSION) is None

    def test_memberships_in_order(self):
        user = Factories.create_user()
        organizations = [Factories.create_organization() for _ in range(3)]
        for one in reversed(organizations):
            Factories.create_member(organization=one, user=user)
        found = credential_service.first_memberships(user_id=user.pk, limit=2)
        assert [one.organization_id for one in found] == [one.id for one in organizations[:2]]


def test_ids_of_organizations():
    assert parse_organization_id("") is None
    assert parse_organization_id("007") == 7
    for text in ("x", "+1", "1 ", "9" * 17, "²"):
        with pytest.raises(Unauthenticated):
            parse_organization_id(text)
