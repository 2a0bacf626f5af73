import json
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest
from django.test.client import FakePayload
from rest_framework import exceptions
from rest_framework.request import Request

from sentry import options
from sentry.api.base import Endpoint, control_silo_endpoint, serves
from sentry.api.errors import (
    STATUSES,
    camel_case,
    csrf_failure,
    exception_handler,
    permission_denied,
    status_of,
)
from sentry.api.permissions import SentryPermission
from sentry.api.renderers import TotalJSONRenderer
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.scopes import ALL_SCOPES
from sentry.integrations.source_code_management import errors as scm
from sentry.silo import SiloMode
from sentry.testutils.cases import APITestCase, TestCase
from sentry.testutils.client import Client


class UnknownPathsTest(TestCase):
    def test_every_answer_is_json_with_a_detail(self):
        for path in ("/", "/api/0/", "/api/0/nothing/", "/api/0/organizations", "/api/0/\xff/"):
            for method in ("GET", "POST", "DELETE", "PATCH"):
                response = self.client.call(method, path)
                assert response.status_code == 404
                assert response["content-type"] == "application/json"
                assert response.data == {"detail": "There is nothing at this address."}

    def test_a_method_that_a_known_path_does_not_take(self):
        for path in ("/_health/", "/_health/ready/", "/api/0/openapi.json"):
            for method in ("POST", "DELETE", "PATCH"):
                response = self.client.call(method, path)
                assert response.status_code == 405
                assert response.data == {"detail": "This address does not take that method."}
                assert "GET" in response["allow"]

    def test_django_s_own_answer_to_a_wrong_csrf_token(self):
        response = csrf_failure(HttpRequest(), "the secret reason")
        assert response.status_code == 403
        assert response.content == b'{"detail": "the CSRF token is missing or wrong"}'

    def test_a_host_header_that_is_none(self):
        with self.settings(ALLOWED_HOSTS=["errors.example"]):
            response = self.client.call("GET", "/api/0/organizations/")
        assert response.status_code == 400
        assert set(response.data) == {"detail"}


class RequestsTest(APITestCase):
    endpoint = "sentry-api-0-organization-code-mappings"
    method = "post"

    def setUp(self):
        super().setUp()
        _, token = self.create_api_key(self.organization, ["repository:write", "org:read"])
        self.headers = {"x-api-key": token}

    def refused(self, status_code, **kwargs):
        kwargs.setdefault("headers", self.headers)
        return self.get_error_response(self.organization.slug, status_code=status_code, **kwargs)

    def test_an_unknown_method(self):
        for method in ("put", "delete"):
            response = self.refused(405, method=method)
            assert response.data == {"detail": "This address does not take that method."}
            assert response["allow"] == "GET, POST, HEAD, OPTIONS"

    def test_a_method_that_we_never_take(self):
        for method in ("patch", "trace"):
            self.refused(405, method=method)

    def test_options_says_which_methods_there_are(self):
        path = f"/api/0/organizations/{self.organization.slug}/code-mappings/"
        response = self.client.options(path, headers=self.headers)
        assert (response.status_code, response.content) == (204, b"")
        assert response["allow"] == "GET, POST, HEAD, OPTIONS"
        assert self.client.options(path).status_code == 401

    def test_a_field_that_there_is_not(self):
        response = self.refused(400, stack_root="a", repositoryId=[1])
        assert set(response.data["errors"]) == {"stack_root"}
        assert "there are repositoryId, projectId" in response.data["detail"]

    def test_a_body_that_is_no_object(self):
        response = self.refused(400, raw_data=b"[1]")
        assert set(response.data["errors"]) == {""}

    def test_a_body_that_is_no_json(self):
        for raw in (b"{", b"\xff\xfe", b"{'a': 1}", b'{"a": NaN}', b"[" * 100_000):
            response = self.refused(400, raw_data=raw)
            assert response.data == {"detail": "The body is not valid JSON."}

    def test_a_body_with_characters_of_no_text(self):
        text = "must not hold the character NUL or a lone surrogate"
        for raw, field in (
            (rb'{"stackRoot": "\ud800"}', "stackRoot"),
            (rb'{"\udfff": 1}', ""),
            (rb'{"projectId": [{"a\u0000": 1}]}', "projectId"),
            (rb'["\ud800"]', ""),
            (rb'"\u0000"', ""),
        ):
            with self.subTest(raw):
                response = self.refused(400, raw_data=raw)
                assert response.data["errors"] == {field: [text]}

    def test_a_number_is_no_text(self):
        for number in (5, 1.5, True):
            response = self.refused(400, stackRoot=number)
            assert response.data["errors"]["stackRoot"] == ["must be a text"]

    def test_another_content_type(self):
        response = self.client.post(
            f"/api/0/organizations/{self.organization.slug}/code-mappings/",
            data=b"<a/>",
            content_type="text/xml",
            headers=self.headers,
        )
        assert response.status_code == 415
        assert response.json() == {"detail": "The body must be application/json."}

    def test_a_body_that_is_too_large(self):
        with options.override({"grpc.max-request-bytes": 1000}):
            response = self.refused(413, raw_data=b" " * 1001)
        assert response.data == {"detail": "the body is larger than 1000 bytes"}

    def test_a_body_that_comes_in_chunks(self):
        path = f"/api/0/organizations/{self.organization.slug}/code-mappings/"
        send = partial(
            self.client.generic,
            "POST",
            path,
            content_type="application/json",
            headers=self.headers,
            HTTP_TRANSFER_ENCODING="chunked",
        )
        stream: dict[str, Any] = {"wsgi.input": FakePayload(b"{}")}
        for environ in (stream, {**stream, "CONTENT_LENGTH": ""}):
            with self.subTest(environ):
                response = send(**environ)
                assert response.status_code == 411
                text = "A body must come with its Content-Length, not in chunks."
                assert response.json() == {"detail": text}
        assert "repositoryId" in send(b"{}").json()["errors"]

    def test_credentials_that_are_not_accepted(self):
        key, token = self.create_api_key(self.organization, ["org:read"])
        key.delete()
        for headers in (
            {"x-api-key": token},
            {"x-api-key": "nonsense"},
            {"authorization": "Bearer nonsense"},
            {"authorization": "Basic Zm9vOmJhcg=="},
            {**self.headers, "authorization": "Bearer sntrys_x"},
            {**self.headers, "x-organization-id": str(self.create_organization().id)},
            {**self.headers, "x-organization-id": "mine"},
        ):
            with self.subTest(headers):
                response = self.refused(401, headers=headers)
                assert set(response.data) == {"detail"}
                assert response["www-authenticate"] == 'Bearer realm="api"'

    def test_the_client_gets_json_whatever_it_accepts(self):
        response = self.refused(400, headers={**self.headers, "accept": "text/html"})
        assert response["content-type"] == "application/json"


class InternalErrorTest(APITestCase):
    endpoint = "sentry-api-0-organizations"

    def test_the_cause_is_logged_and_not_told(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        broken = mock.patch(
            "sentry.api.endpoints.organizations.list_organizations",
            side_effect=RuntimeError("the secret cause"),
        )
        with broken, self.assertLogs("sentry.api.errors", logging.ERROR) as logged:
            response = self.get_error_response(headers={"x-api-key": token}, status_code=500)
        assert set(response.data) == {"detail", "eventId"}
        assert b"secret" not in response.content
        (record,) = logged.records
        assert vars(record)["event_id"] == response.data["eventId"]
        assert vars(record)["owner"] == "access"
        assert record.exc_info is not None
        assert "the secret cause" in str(record.exc_info[1])

    def test_a_statement_that_the_deadline_stops(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        stopped = mock.patch(
            "sentry.api.endpoints.organizations.list_organizations",
            side_effect=OperationalError("interrupted"),
        )
        with stopped, options.override({"grpc.default-deadline": 0.0}):
            response = self.get_error_response(headers={"x-api-key": token}, status_code=504)
        assert response.data == {"detail": "the deadline passed before the work was done"}

    def test_a_database_that_is_down(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        down = mock.patch(
            "sentry.api.endpoints.organizations.list_organizations",
            side_effect=OperationalError("the secret host"),
        )
        with down, self.assertLogs("sentry.api.errors", logging.ERROR):
            response = self.get_error_response(headers={"x-api-key": token}, status_code=503)
        assert response.data == {"detail": "the database is not available"}
        assert int(response["retry-after"]) >= 1

    def test_outside_of_endpoints_too(self):
        broken = mock.patch(
            "sentry.api.base.Endpoint.finalize_response", side_effect=RuntimeError("the secret")
        )
        with broken, self.assertLogs("django.request", logging.ERROR):
            response = self.get_error_response(status_code=500)
        assert set(response.data) == {"detail", "eventId"}
        assert b"secret" not in response.content


class RateLimitTest(APITestCase):
    endpoint = "sentry-api-0-organizations"

    def test_the_state_is_told_and_the_limit_kept(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        headers = {"x-api-key": token}
        with options.override({"ratelimit.requests-per-minute": 3, "ratelimit.lease-size": 1}):
            responses = [self.get_response(headers=headers) for _ in range(8)]
        assert responses[0]["x-ratelimit-limit"] == "3"
        assert responses[0]["x-ratelimit-remaining"] == "2"
        refused = responses[-1]
        assert refused.status_code == 429
        assert refused.data == {"detail": "the credential's rate limit is used up"}
        assert 1 <= int(refused["retry-after"]) <= 60
        assert refused["x-ratelimit-remaining"] == "0"

    def test_there_may_be_none(self):
        _, token = self.create_api_key(self.organization, ["org:read"])
        with options.override({"ratelimit.requests-per-minute": 0}):
            response = self.get_success_response(headers={"x-api-key": token})
        assert "x-ratelimit-limit" not in response


class SessionTest(APITestCase):
    endpoint = "sentry-api-0-organization-code-mappings"

    def setUp(self):
        super().setUp()
        self.integration = self.create_integration(organization=self.organization)
        self.repo = self.create_repo(
            organization_id=self.organization.id, integration_id=self.integration.pk
        )

    def post(self, client, **headers):
        body = {
            "repositoryId": str(self.repo.id),
            "projectId": str(self.project.id),
            "integrationId": str(self.integration.pk),
            "stackRoot": "",
            "sourceRoot": "",
            "defaultBranch": "main",
        }
        path = f"/api/0/organizations/{self.organization.slug}/code-mappings/"
        return client.post(path, body, content_type="application/json", headers=headers)

    def test_an_unsafe_request_needs_the_token(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.user)
        assert client.get(f"/api/0/organizations/{self.organization.slug}/").status_code == 200
        for headers in ({}, {"x-csrftoken": "a" * 32}):
            response = self.post(client, **headers)
            assert response.status_code == 403
            assert response.json() == {"detail": "the CSRF token is missing or wrong"}
        client.cookies["csrftoken"] = "b" * 32
        assert self.post(client, **{"x-csrftoken": "b" * 32}).status_code == 201

    def test_a_credential_beside_it_is_one_too_many(self):
        self.login_as(self.user)
        _, key = self.create_api_key(self.organization, ["org:read"])
        _, token = self.create_user_auth_token(self.user)
        for headers in ({"x-api-key": key}, {"authorization": f"Bearer {token}"}):
            answer = self.get_error_response(
                self.organization.slug, headers=headers, status_code=401
            )
            assert answer.data["detail"].startswith("more than one credential was given")
        self.get_success_response(self.organization.slug)

    def test_an_inactive_user_is_nobody(self):
        self.login_as(self.user)
        self.user.is_active = False
        self.user.save()
        self.get_error_response(self.organization.slug, status_code=401)

    def test_a_former_member_finds_nothing(self):
        user = self.create_user()
        member = self.create_member(organization=self.organization, user=user)
        self.login_as(user)
        self.get_success_response(self.organization.slug)
        member.delete()
        self.get_error_response(self.organization.slug, status_code=404)


def every_error(kind: type[scm.ScmError] = scm.ScmError) -> Iterator[type[scm.ScmError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from every_error(sub)


@pytest.mark.parametrize("kind", sorted(every_error(), key=str))
def test_every_error_has_a_status_of_its_own_or_its_parents(kind):
    error = kind.__new__(kind)
    assert status_of(error) in set(STATUSES.values())
    if kind.__module__ == scm.__name__:
        assert 400 <= status_of(error) != 500


@pytest.mark.parametrize(
    ("raised", "status", "detail"),
    [
        (Http404("the secret path"), 404, "There is nothing at this address."),
        (DjangoPermissionDenied("the secret"), 403, "The credential does not allow this."),
        (exceptions.AuthenticationFailed("secret"), 401, "The credential is not accepted."),
        (exceptions.Throttled(wait=3), 500, None),
    ],
)
def test_the_framework_s_errors_are_told_in_our_words(raised, status, detail):
    response = exception_handler(raised, {})
    assert response.status_code == status
    assert "secret" not in str(response.data)
    if detail is not None:
        assert response.data == {"detail": detail}


def test_an_error_without_a_status_of_its_own_is_internal():
    response = exception_handler(scm.ScmError("the secret"), {})
    assert response.status_code == 500
    assert set(response.data) == {"detail", "eventId"}


def test_django_s_own_403_is_json():
    response = permission_denied(HttpRequest(), DjangoPermissionDenied("secret"))
    assert response.status_code == 403
    assert b"secret" not in response.content


def test_nobody_may_call_by_default():
    class Closed(Endpoint):
        def perform_authentication(self, request):
            return

        def get(self, request):
            raise AssertionError

    request = HttpRequest()
    request.method = "GET"
    answer = Closed.as_view()(request)
    assert answer.status_code == 404


def test_a_method_without_scopes_is_closed_to_everyone():
    caller = Caller(
        kind=CallerKind.API_KEY,
        organization_id=1,
        scopes=ALL_SCOPES,
        credential="api_key:1",
    )

    class View(Endpoint):
        def get(self, request):
            raise AssertionError

    request = Request(HttpRequest())
    request.auth = caller
    request._request.method = "GET"
    with pytest.raises(scm.PermissionDenied):
        SentryPermission().has_permission(request, View())


def test_silo_decorators():
    @control_silo_endpoint
    class InControl(Endpoint):
        pass

    assert serves(InControl, SiloMode.CONTROL)
    assert serves(InControl, SiloMode.MONOLITH)
    assert not serves(InControl, SiloMode.REGION)


def test_every_text_can_be_rendered():
    rendered = TotalJSONRenderer().render({"detail": "\ud800 and ü"})
    assert json.loads(rendered) == {"detail": "? and ü"}


def test_camel_case():
    assert camel_case("default_branch") == "defaultBranch"
    assert camel_case("cursor") == "cursor"
