"""What superusers may not change: a name into one that the interfaces refuse, and themselves away."""

import pytest
from django.urls import reverse

from sentry import models
from sentry.actions import superusers
from sentry.integrations.source_code_management.errors import PreconditionFailed
from tests.sentry.web.admin.test_pages import AdminCase, page

ODD = ("a\nb\u202e\x1b[31m", "a\nb", "a\x1b[31m", "a\u202eb", "a\u2066b", "a\x85b", "a\0b")


class NameTest(AdminCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.staff)

    def changed(self):
        """A row of each table with text that can be changed, and its column."""
        key, _ = self.create_api_key(self.organization)
        organization_token, _ = self.create_org_auth_token(self.organization)
        user_token, _ = self.create_user_auth_token(self.user)
        return [
            (self.organization, "name"), (self.project, "name"), (self.team, "name"),
            (key, "label"), (organization_token, "name"), (user_token, "name"),
            (self.user, "first_name"), (self.user, "last_name"),
        ]  # fmt: skip

    def test_what_the_interfaces_refuse_is_refused(self):
        for row, column in self.changed():
            path = page(type(row), "change", row.pk)
            before = getattr(row, column)
            for odd in ODD:
                response = self.client.post(path, {column: odd})
                assert response.status_code == 200, (path, odd)
                assert 'class="errorlist' in response.content.decode()
                row.refresh_from_db()
                assert getattr(row, column) == before
            assert self.client.post(path, {column: " שלום "}).status_code == 302
            row.refresh_from_db()
            assert getattr(row, column) == "שלום"

    def test_forms_are_read_as_utf_8_alone(self):
        form = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\na\\ud800\r\n--x--\r\n'
        kind = "multipart/form-data; boundary=x; charset="
        path = page(models.Organization, "change", self.organization.pk)
        for address, column in ((path, b"name"), (reverse("admin:login"), b"username")):
            for charset, expected in (("raw_unicode_escape", 400), ("utf-7", 400), ("utf8", 200)):
                client = self.client_class()
                client.force_login(self.staff)
                response = client.generic(
                    "POST", address, form % column, content_type=kind + charset
                )
                refused = response.status_code == 400
                assert refused is (expected == 400), (address, charset)


class StayTest(AdminCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.staff)
        self.other = self.create_user(is_staff=True, is_superuser=True)

    def is_superuser(self, user):
        user.refresh_from_db()
        return user.is_active and user.is_staff and user.is_superuser

    def test_nobody_disables_themselves_and_the_others_are_disabled(self):
        path = page(models.User, "changelist")
        chosen = [str(self.staff.pk), str(self.user.pk), str(self.other.pk)]
        for extra in (
            {"_selected_action": chosen},
            {"_selected_action": chosen[:1], "select_across": "1"},
        ):
            assert self.client.post(path, {"action": "disable", **extra}).status_code == 302
            assert "nobody disables themselves" in self.client.get(path).content.decode()
            assert self.is_superuser(self.staff)
            assert not self.is_superuser(self.other)
        self.user.refresh_from_db()
        assert not self.user.is_active

    def test_nobody_gives_up_their_own_rights(self):
        path = page(models.User, "change", self.staff.pk)
        for kept in ({"is_staff": "on"}, {"is_superuser": "on"}, {}):
            response = self.client.post(path, {"first_name": "Ada", **kept})
            assert response.status_code == 200
            assert "gives up their own rights" in response.content.decode()
            assert self.is_superuser(self.staff)
        rights = {"is_staff": "on", "is_superuser": "on"}
        assert self.client.post(path, {"first_name": "Ada", **rights}).status_code == 302

    def test_the_rights_of_others_are_taken(self):
        path = page(models.User, "change", self.other.pk)
        assert self.client.post(path, {"first_name": ""}).status_code == 302
        assert not self.is_superuser(self.other)

    def test_one_who_was_disabled_meanwhile_takes_nothing(self):
        superusers.disable(user_id=self.other.pk, by=self.staff.pk)
        with pytest.raises(PreconditionFailed, match="no active superuser"):
            superusers.disable(user_id=self.staff.pk, by=self.other.pk)
        assert self.is_superuser(self.staff)
