"""Signing in and out, and what ends a session."""

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings

from sentry import options
from sentry.actions.sessions import end_sessions, set_active
from sentry.integrations.source_code_management.errors import NotFound
from sentry.testutils.cases import APITestCase
from sentry.testutils.client import Client
from sentry.testutils.factories import PASSWORD

PATH = "/api/0/auth/"
REFUSED = {"detail": "the user name or the password is wrong"}


class SignInCase(APITestCase):
    endpoint = "sentry-api-0-auth"
    method = "post"

    def sign_in(self, username="", password=PASSWORD, *, status_code=200, **extra):
        body = {"username": username or self.user.username, "password": password}
        return self.get_response_of(status_code, **body, **extra)

    def get_response_of(self, status_code, **params):
        response = self.get_response(**params)
        assert response.status_code == status_code, response.content
        return response

    def who_am_i(self, client=None):
        return (client or self.client).get(PATH)


class SignInTest(SignInCase):
    def test_a_user_signs_in_by_name_and_by_address(self):
        user = self.create_user("Ada@Example.com", username="ada")
        for name in ("ada", "ada@example.com"):
            response = self.sign_in(name)
            assert response.data == {
                "id": str(user.pk),
                "username": "ada",
                "email": "Ada@Example.com",
                "isStaff": False,
                "isSuperuser": False,
            }
            assert self.who_am_i().data == response.data

    def test_the_cookies_are_new_and_safe(self):
        self.sign_in()
        before = self.client.cookies["sessionid"].value, self.client.cookies["csrftoken"].value
        self.sign_in()
        after = self.client.cookies["sessionid"].value, self.client.cookies["csrftoken"].value
        assert not set(before) & set(after)
        assert self.client.cookies["sessionid"]["httponly"]
        assert self.client.cookies["sessionid"]["samesite"] == "Lax"
        assert not Session.objects.filter(session_key=before[0]).exists()

    def test_a_session_that_was_planted_does_not_become_the_user_s(self):
        self.login_as(self.create_user())
        planted = self.client.cookies["sessionid"].value
        self.sign_in()
        assert self.client.cookies["sessionid"].value != planted
        assert not Session.objects.filter(session_key=planted).exists()

    def test_unknown_users_wrong_passwords_and_disabled_users_are_answered_alike(self):
        disabled = self.create_user(is_active=False)
        unusable = self.create_user()
        unusable.set_unusable_password()
        unusable.save()
        tries = (
            ("nobody", PASSWORD),
            (self.user.username, "wrong"),
            (self.user.username, PASSWORD + " "),
            (disabled.username, PASSWORD),
            (unusable.username, PASSWORD),
        )
        for username, password in tries:
            response = self.sign_in(username, password, status_code=401)
            assert response.data == REFUSED
            assert "sessionid" not in response.cookies

    def test_an_address_of_two_users_signs_nobody_in(self):
        self.create_user("two@example.com", username="one")
        self.create_user("two@example.com", username="two")
        assert self.sign_in("two@example.com", status_code=401).data == REFUSED
        self.sign_in("two")

    def test_a_user_name_that_is_another_s_address_is_the_user_s(self):
        self.create_user("other@example.com", username="other")
        named = self.create_user("mine@example.com", username="other@example.com")
        assert self.sign_in("other@example.com").data["id"] == str(named.pk)

    def test_what_is_missing_is_named(self):
        response = self.get_error_response(status_code=400, username="a")
        assert set(response.data["errors"]) == {"password"}
        self.get_error_response(status_code=400, username="a\x00", password="b")
        self.get_error_response(status_code=400, raw_data="{")

    def test_a_form_of_another_page_cannot_sign_in(self):
        body = {"username": self.user.username, "password": PASSWORD}
        response = self.client.call("POST", PATH, data=body)
        assert response.status_code == 415

    def test_it_is_not_there_in_a_region(self):
        with override_settings(SILO_MODE="REGION"):
            self.get_error_response(status_code=404, username="a", password="b")


class BruteForceTest(SignInCase):
    def test_an_account_is_tried_only_so_often_even_with_the_right_password(self):
        with options.override({"auth.attempts-per-account": 2}):
            for _ in range(2):
                self.sign_in(password="wrong", status_code=401)
            response = self.sign_in(self.user.username.upper(), status_code=429)
            assert response.data == {"detail": "the limit of tries to sign in is used up"}
            assert int(response["retry-after"]) in range(1, 601)
            assert self.sign_in(status_code=429).data == response.data
            self.sign_in(self.create_user().username)

    def test_unknown_accounts_are_bounded_alike(self):
        with options.override({"auth.attempts-per-account": 1}):
            self.sign_in("nobody", status_code=401)
            self.sign_in("nobody", status_code=429)

    def test_an_address_is_bounded_over_all_accounts(self):
        with options.override({"auth.attempts-per-address": 2}):
            for name in ("one", "two"):
                self.sign_in(name, status_code=401)
            self.sign_in("three", status_code=429)

    @override_settings(TRUSTED_PROXIES=1)
    def test_the_address_is_what_our_proxy_saw(self):
        with options.override({"auth.attempts-per-address": 1}):
            self.sign_in("one", status_code=401, headers={"x-forwarded-for": "6.6.6.6, 1.2.3.4"})
            self.sign_in("two", status_code=429, headers={"x-forwarded-for": "7.7.7.7, 1.2.3.4"})
            self.sign_in("two", status_code=401, headers={"x-forwarded-for": "1.2.3.4, 1.2.3.5"})

    def test_0_is_no_limit(self):
        with options.override({"auth.attempts-per-account": 0, "auth.attempts-per-address": 0}):
            for _ in range(12):
                self.sign_in("nobody", status_code=401)


class SessionTest(SignInCase):
    def signed_in(self, **arguments):
        client = Client(**arguments)
        body = {"username": self.user.username, "password": PASSWORD}
        assert client.post(PATH, body, content_type="application/json").status_code == 200
        return client

    def test_nobody_is_signed_in(self):
        response = self.who_am_i()
        assert response.status_code == 401
        assert response.data == {"detail": "a credential is needed"}

    def test_a_credential_is_no_session(self):
        _, token = self.create_user_auth_token(self.user)
        self.login_as(self.user)
        for method in ("get", "delete"):
            self.get_error_response(
                method=method, headers={"authorization": f"Bearer {token}"}, status_code=401
            )
        assert self.who_am_i().status_code == 200

    def test_signing_out_ends_the_session_and_needs_the_token(self):
        client = self.signed_in(enforce_csrf_checks=True)
        key = client.cookies["sessionid"].value
        assert client.delete(PATH).status_code == 403
        token = client.cookies["csrftoken"].value
        assert client.delete(PATH, headers={"x-csrftoken": token}).status_code == 204
        assert not Session.objects.filter(session_key=key).exists()
        client.cookies["sessionid"] = key
        assert client.get(PATH).status_code == 401

    def test_who_asks_gets_the_csrf_cookie(self):
        self.login_as(self.user)
        assert self.who_am_i().cookies["csrftoken"].value

    def test_another_password_ends_the_sessions(self):
        client = self.signed_in()
        self.user.set_password("another-password-of-tests")
        self.user.save()
        assert self.who_am_i(client).status_code == 401

    def test_disabling_ends_the_sessions_for_good(self):
        client = self.signed_in()
        kept = client.cookies["sessionid"].value
        set_active(user_id=self.user.pk, is_active=False)
        assert self.who_am_i(client).status_code == 401
        set_active(user_id=self.user.pk, is_active=True)
        client.cookies["sessionid"] = kept
        assert self.who_am_i(client).status_code == 401
        assert self.who_am_i(self.signed_in()).status_code == 200

    def test_all_sessions_of_a_user_end_at_once(self):
        clients = [self.signed_in(), self.signed_in()]
        end_sessions(user_id=self.user.pk)
        assert [self.who_am_i(client).status_code for client in clients] == [401, 401]

    def test_nobody_s_sessions_cannot_be_ended(self):
        for action in (end_sessions, lambda user_id: set_active(user_id=user_id, is_active=True)):
            with pytest.raises(NotFound):
                action(user_id=10**9)

    @override_settings(SECRET_KEY="k" * 40)
    def test_sessions_outlive_a_new_secret_key_that_names_the_old_one(self):
        client = self.signed_in()
        with override_settings(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=["k" * 40]):
            assert self.who_am_i(client).status_code == 200

    def test_a_user_without_an_organization_is_somebody(self):
        loner = self.create_user()
        self.login_as(loner)
        assert self.who_am_i().data["id"] == str(loner.pk)
