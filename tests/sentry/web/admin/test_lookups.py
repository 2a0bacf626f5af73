"""What an address may ask of a list: nothing that would tell of a column that is not shown."""

import logging

from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from sentry import models
from sentry.silo import SiloMode
from sentry.testutils.cases import TestCase
from sentry.testutils.factories import PASSWORD
from sentry.web.admin.base import PlatformAdmin
from sentry.web.admin.secret_fields import secret_names
from sentry.web.admin.site import build_site
from tests.sentry.web.admin.test_pages import NONCE, page, tables

LOOKUPS = (
    "",
    "__exact",
    "__iexact",
    "__startswith",
    "__contains",
    "__regex",
    "__gt",
    "__lte",
    "__in",
    "__range",
    "__isnull",
    "__id__regex",
    "__token",
)


class LookupTest(TestCase):
    def setUp(self):
        super().setUp()
        self.reader = self.create_user("reader@example.com", is_staff=True)
        self.boss = self.create_user("boss@example.com", is_staff=True, is_superuser=True)

    def statuses(self, model, queries):
        path = page(model, "changelist")
        return {query: self.client.get(f"{path}?{query}").status_code for query in queries}

    def test_no_page_takes_a_look_up_that_it_does_not_offer(self):
        pages = build_site(SiloMode.MONOLITH)._registry
        for user in (self.reader, self.boss):
            request = RequestFactory().get("/")
            request.user = user
            for model in tables():
                names = {name for field in model._meta.get_fields(include_hidden=True)
                         for name in (field.name, getattr(field, "attname", field.name))}  # fmt: skip
                offered = set(pages[model].get_list_filter(request))
                assert not offered & set(secret_names(model))
                for name in names | {"pk"}:
                    for lookup in LOOKUPS:
                        allowed = pages[model].lookup_allowed(f"{name}{lookup}", "1", request)
                        expected = name in offered and lookup in {"", "__exact"}
                        assert allowed is expected, (model, name, lookup)

    def test_every_column_of_every_table_is_refused_with_400(self):
        for user in (self.reader, self.boss):
            self.client.force_login(user)
            for model in tables():
                for field in model._meta.concrete_fields:
                    found = self.statuses(model, [f"{field.name}__regex=^p"])
                    assert set(found.values()) == {400}, (model, found)

    def test_secrets_are_not_told_by_what_is_found(self):
        self.client.force_login(self.reader)
        for lookup in LOOKUPS:
            for value in ("pbkdf2", "1", "(", "", "%00"):
                queries = [f"password{lookup}={value}", f"username=boss&password{lookup}={value}"]
                found = self.statuses(models.User, queries)
                assert set(found.values()) == {400}, found

    def test_neither_are_they_across_relations(self):
        self.client.force_login(self.reader)
        for model, name in (
            (models.ApiToken, "user__password__regex"),
            (models.OrganizationMember, "organization__name"),
            (models.User, "apitoken__token_hashed__startswith"),
            (models.Organization, "project__name__iregex"),
        ):
            found = self.statuses(model, [f"{name}=a"])
            assert set(found.values()) == {400}, found

    def test_malformed_filters_are_refused(self):
        self.client.force_login(self.reader)
        for model, query in (
            (models.User, "username__regex=("),
            (models.Organization, "name__iregex=("),
            (models.Option, "value__contains=%00"),
            (models.ApiKey, "scope_list__contains=x"),
            (models.ApiToken, "user__id__regex=("),
            (models.User, "no_such_column=1"),
            (models.User, "_to_field=password"),
            (models.User, "_to_field=username"),
        ):
            found = self.statuses(model, [query])
            assert set(found.values()) == {400}, found

    def test_odd_pages_orders_and_searches_fail_nowhere(self):
        self.client.force_login(self.reader)
        values = ("%00", "(", "-1", "0", "9" * 30, "-.-", "..", "password", "%ED%A0%80", "%F0")
        for model in (models.User, models.Option, models.Project, models.TaskRecord):
            found = self.statuses(model, [f"p={v}&o={v}&q={v}&_facets={v}" for v in values])
            assert set(found.values()) <= {200, 302}, found

    def test_no_column_orders_a_list_but_the_key(self):
        self.client.force_login(self.reader)
        for order in ("", "1", "-2", "3.-4", "password", "-password", "-1", "99"):
            with CaptureQueriesContext(connection) as context:
                self.client.get(page(models.User, "changelist"), {"o": order})
            sorts = [
                each["sql"].split("ORDER BY ")[1] for each in context if "ORDER BY" in each["sql"]
            ]
            assert sorts, order
            for sort in sorts:
                assert sort.startswith('"sentry_user"."id" DESC'), order
                assert "," not in sort, order

    def test_a_search_finds_no_secret(self):
        self.client.force_login(self.reader)
        _, token = self.create_user_auth_token(self.user)
        self.create_signature_nonce(nonce=NONCE)
        secrets = {PASSWORD, token, NONCE, self.user.password}
        secrets.add(models.ApiToken.objects.get().token_hashed)
        for model in (models.User, models.ApiToken, models.SignatureNonce):
            path = page(model, "changelist")
            assert "/change/" in self.client.get(path).content.decode()
            for secret in secrets:
                text = self.client.get(path, {"q": secret}).content.decode()
                assert "/change/" not in text, (model, secret)
                assert "0 results" in text

    def test_what_is_no_key_finds_no_row(self):
        self.client.force_login(self.boss)
        for model in (models.User, models.Lease, models.PeriodicTask, models.Option):
            for key in ("%00", "_00", "abc", "9" * 30, "1.5", "%ED%A0%80"):
                for name in ("change", "history"):
                    path = f"{page(model, 'changelist')}{key}/{name}/"
                    assert self.client.get(path).status_code in {302, 404}, path

    def test_an_action_on_what_is_no_key_is_refused(self):
        self.client.force_login(self.boss)
        path = page(models.User, "changelist")
        for key in ("abc", "9" * 30, "\0", "", "1.5"):
            chosen = {"action": "end_sessions", "_selected_action": [str(self.user.pk), key]}
            assert self.client.post(path, chosen).status_code == 400, key
        nobody = {"action": "end_sessions", "_selected_action": "0"}
        assert self.client.post(path, nobody).status_code == 302

    def test_a_refusal_is_logged_on_one_line_without_the_value(self):
        self.client.force_login(self.reader)
        for query, lookup in (
            ("password__startswith=pbkdf2", "password__startswith"),
            ("_to_field=password", "password"),
        ):
            with self.assertLogs(level=logging.WARNING) as logs:
                self.statuses(models.User, [query])
            (record,) = logs.records
            assert record.getMessage() == "admin.lookup.refused"
            facts = vars(record)
            assert (facts["user_id"], facts["lookup"]) == (self.reader.pk, lookup)
            assert record.exc_info is None
            assert "pbkdf2" not in str(facts)

    def test_a_403_is_logged_nowhere(self):
        self.client.force_login(self.reader)
        with self.assertNoLogs(level=logging.WARNING):
            for path in (
                page(models.User, "add"),
                page(models.ApiKey, "add"),
                page(models.User, "delete", self.user.pk),
            ):
                assert self.client.get(path).status_code == 403


class OfferedTest(TestCase):
    class Offering(PlatformAdmin):
        list_filter = ("is_staff", "password", "apitoken__name")

    def allowed(self, lookup, value="1"):
        site = build_site(SiloMode.MONOLITH)
        request = RequestFactory().get("/")
        request.user = self.user
        return self.Offering(models.User, site).lookup_allowed(lookup, value, request)

    def test_a_column_that_is_offered_is_compared_as_a_whole(self):
        assert self.allowed("is_staff")
        assert self.allowed("is_staff__exact")
        for lookup in ("is_staff__gt", "is_staff__isnull", "is_staff__in", "is_active"):
            assert not self.allowed(lookup)
        assert not self.allowed("is_staff", "a\0b")

    def test_secrets_and_relations_are_not_even_if_a_page_offers_them(self):
        for lookup in ("password", "password__exact", "apitoken__name", "apitoken__name__exact"):
            assert not self.allowed(lookup)
