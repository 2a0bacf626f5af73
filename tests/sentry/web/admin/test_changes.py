"""What superusers may not change: a name into one that the interfaces refuse, and themselves away."""

from django.urls import reverse

from sentry import models
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
            for charset, expected in (("raw_unicode_escape", 400), ("utf-7", 400), ("utf8", 302)):
                client = self.client_class()
                client.force_login(self.staff)
                response = client.generic(
                    "POST", address, form % column, content_type=kind + charset
                )
                if address == path or expected == 400:
                    assert response.status_code == expected, (address, charset)
