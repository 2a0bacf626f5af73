"""Signing in and changing the password at the operators' pages."""

import re

from django.urls import reverse

from sentry import options
from sentry.testutils.cases import TestCase
from sentry.testutils.factories import PASSWORD

NEW = "another-password-of-tests"


class SignInTest(TestCase):
    def setUp(self):
        super().setUp()
        self.staff = self.create_user("boss@example.com", is_staff=True)

    def sign_in(self, name, password=PASSWORD, client=None):
        client = client or self.client
        form = client.get(reverse("admin:login")).content.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        given = {"username": name, "password": password}
        if token is not None:
            given["csrfmiddlewaretoken"] = token[1]
        return client.post(reverse("admin:login"), given)

    def test_staff_sign_in_and_the_rest_interface_knows_them(self):
        assert self.sign_in("boss@example.com")["location"]
        assert self.client.call("GET", "/api/0/auth/").data["isStaff"] is True
        assert self.client.call("GET", reverse("admin:index")).status_code == 200

    def test_everybody_else_is_told_the_same(self):
        texts = set()
        for name, password in (
            ("nobody", PASSWORD),
            ("boss@example.com", "wrong"),
            (self.user.username, PASSWORD),
        ):
            response = self.sign_in(name, password)
            assert response.status_code == 200
            page = response.content.decode()
            texts.update(re.findall(r'class="errornote">(.*?)</p>', page, re.DOTALL))
            assert "sessionid" not in response.cookies
        assert len(texts) == 1

    def test_tries_are_bounded_together_with_those_of_the_rest_interface(self):
        with options.override({"auth.attempts-per-account": 1}):
            self.sign_in("boss@example.com", "wrong")
            response = self.sign_in("boss@example.com")
            assert "Too many tries" in response.content.decode()
            body = {"username": "boss@example.com", "password": PASSWORD}
            again = self.client.post("/api/0/auth/", body, content_type="application/json")
            assert again.status_code == 429

    def test_a_new_password_ends_the_other_sessions_and_keeps_one_s_own(self):
        other = self.client_class()
        self.sign_in("boss@example.com", client=other)
        self.sign_in("boss@example.com")
        given = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        response = self.client.post(reverse("admin:password_change"), given)
        assert response.status_code == 302
        assert self.client.get("/api/0/auth/").status_code == 200
        assert other.get("/api/0/auth/").status_code == 401
        assert self.sign_in("boss@example.com", NEW, client=self.client_class()).status_code == 302
