"""Test cases: a real database, factories, and a client for both doors."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

import django.test
from django.urls import reverse
from google.protobuf.message import Message

from sentry.models import Organization, Project, Team, User
from sentry.testutils import rpc
from sentry.testutils.client import Client, TestResponse
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.features import Flags, with_feature


class Fixtures(Factories):
    """Rows that most tests want, made when a test first asks for them."""

    client: Client

    @cached_property
    def user(self) -> User:
        """A user; the owner of ``self.organization``."""
        return self.create_user()

    @cached_property
    def organization(self) -> Organization:
        """An organization that ``self.user`` owns."""
        return self.create_organization(owner=self.user)

    @cached_property
    def team(self) -> Team:
        """A team of ``self.organization``."""
        return self.create_team(self.organization)

    @cached_property
    def project(self) -> Project:
        """A project of ``self.organization`` that ``self.team`` works on."""
        return self.create_project(self.organization, teams=[self.team])

    def login_as(self, user: User) -> None:
        """Gives the client a session of the user."""
        self.client.force_login(user)

    def feature(self, flags: Flags) -> with_feature:
        """Switches flags in a ``with`` block: names, or names and whether each is on."""
        return with_feature(flags)

    def rpc(
        self,
        method: str,
        request: Message | bytes,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        path_prefix: str = "/grpc",
    ) -> rpc.RpcAnswer[Any]:
        """Calls a method of the SCM service over gRPC-Web; see ``sentry.testutils.rpc.call``."""
        return rpc.call(
            self.client,
            method,
            request,
            token=token,
            headers=headers,
            path_prefix=path_prefix,
        )


class TestCase(Fixtures, django.test.TestCase):  # type: ignore[misc] # its client is ours
    """A test in a transaction that is rolled back at its end."""

    client_class = Client


class TransactionTestCase(Fixtures, django.test.TransactionTestCase):  # type: ignore[misc] # likewise
    """A test with transactions, threads or servers of its own; the tables are emptied after it."""

    client_class = Client


class APITestCase(TestCase):
    """A test of one REST endpoint.

    Attributes:
        endpoint: the name of its URL ("sentry-api-0-organization-details").
        method: the HTTP method that ``get_response`` uses, in lower case.
    """

    endpoint: str
    method = "get"

    def get_response(
        self,
        *args: object,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw_data: bytes | str | None = None,
        **params: Any,
    ) -> TestResponse:
        """Calls the endpoint.

        Args:
            args: what stands in its path.
            method: another method than the case's.
            headers: HTTP headers.
            raw_data: the body as sent, instead of ``params``.
            params: the query of a GET, else the JSON body.
        """
        path = reverse(self.endpoint, args=args)
        verb = (method or self.method).lower()
        send = getattr(self.client, verb)
        if verb in {"get", "head"}:
            return cast("TestResponse", send(path, params, headers=headers))
        body = params if raw_data is None else raw_data
        return cast(
            "TestResponse",
            send(path, body, content_type="application/json", headers=headers),
        )

    def get_success_response(
        self, *args: object, status_code: int | None = None, **params: Any
    ) -> TestResponse:
        """The answer, which must have the status given, or any of 200 to 299."""
        response = self.get_response(*args, **params)
        expected = range(200, 300) if status_code is None else (status_code,)
        assert response.status_code in expected, (response.status_code, response.content)
        return response

    def get_error_response(
        self, *args: object, status_code: int | None = None, **params: Any
    ) -> TestResponse:
        """The answer, which must have the status given, or any of 400 to 599."""
        response = self.get_response(*args, **params)
        expected = range(400, 600) if status_code is None else (status_code,)
        assert response.status_code in expected, (response.status_code, response.content)
        return response
