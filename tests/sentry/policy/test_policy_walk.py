"""Walks every REST path and every RPC with every kind of caller, against ``table``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from django.db import transaction
from django.test import override_settings
from django.urls import resolve
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from sentry import options
from sentry.actions.organization_cache import organization_cache
from sentry.api.urls import ENDPOINTS
from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils import rpc
from sentry.testutils.cases import TestCase
from sentry.testutils.client import Client
from tests.sentry.policy import table
from tests.sentry.policy.scene import Caller, Scene, Things, fill, secrets_of
from tests.sentry.signing import headers_of, request_to, signed

RPCS = scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods_by_name
HTTP = {"nobody": 401, "forbidden": 403, "not found": 404}
GRPC = {"nobody": "UNAUTHENTICATED", "forbidden": "PERMISSION_DENIED", "not found": "NOT_FOUND"}


@contextmanager
def undone():
    """Takes back what the block does to the database."""
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)


class PolicyCase(TestCase):
    scene: ClassVar[Scene]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.scene = Scene()

    def setUp(self):
        super().setUp()
        organization_cache.clear()
        settings = override_settings(SCM_SHARED_SECRETS=secrets_of(self.scene.organization))
        limits = options.override({"ratelimit.requests-per-minute": 0, "auth.cache-ttl": 60.0})
        for block in (settings, limits):
            self.enterContext(block)

    def client_of(self, caller):
        client = Client()
        if caller.user is not None:
            client.force_login(caller.user)
        return client

    def check(self, found):
        """Fails with every difference from the table."""
        rows = list(found)
        assert rows
        wrong = [f"{name}: {got}, expected {wanted}" for name, got, wanted in rows if got != wanted]
        assert not wrong, "\n" + "\n".join(wrong)


class RestTest(PolicyCase):
    def ask(self, client, caller, row, things):
        """The status of one request, whose effects are undone."""
        with undone():
            response = client.call(
                row.method,
                "/api/0/" + row.path.format(**things.values),
                data=json.dumps(fill(row.send, things, ids=str))
                if row.method in {"POST", "PUT"}
                else None,
                content_type="application/json",
                headers=caller.headers,
            )
        return response.status_code

    def walk(
        self, things: Things, expected, rows=table.REST, *, every_key=False
    ) -> Iterator[tuple[str, int, int]]:
        for caller in self.scene.callers:
            client = self.client_of(caller)
            for row in rows:
                if not caller.is_telling(row, every_key=every_key):
                    continue
                got = self.ask(client, caller, row, things)
                yield f"{row.method} {row.path} as {caller.name}", got, expected(caller, row)

    def refused(self, caller: Caller, row: table.Row) -> int | None:
        if not caller.rest:
            return HTTP["nobody"]
        may = caller.may(row) and (caller.user is not None or not row.session)
        return None if may else HTTP["forbidden"]

    def test_every_method_of_every_endpoint_has_a_row(self):
        served = {
            (method.upper(), endpoint.url_name)
            for _, endpoint in ENDPOINTS
            for method in endpoint.http_method_names
            if method not in {"head", "options"} and hasattr(endpoint, method)
        }
        rows = {
            (row.method, resolve("/api/0/" + row.path.format(**self.scene.own.values).partition("?")[0]).url_name)
            for row in table.REST
        }  # fmt: skip
        assert rows == served, "write a row for it in tests/sentry/policy/table.py"

    def test_the_own_organization_and_a_project_of_the_own_team(self):
        def expected(caller, row):
            answer = HTTP["forbidden"] if row.role and caller.key_scope else row.answer
            return self.refused(caller, row) or answer

        self.check(self.walk(self.scene.own, expected, every_key=True))

    def test_a_project_of_a_foreign_team(self):
        def expected(caller, row):
            seen = row.answer if caller.sees_every_project else HTTP["not found"]
            return self.refused(caller, row) or seen

        rows = [row for row in table.REST if row.project]
        self.check(self.walk(self.scene.foreign_team, expected, rows))

    def test_a_foreign_organization(self):
        def expected(caller, row):
            if caller.user is not None:
                return HTTP["not found"]  # a session has no scopes where its user is no member
            return self.refused(caller, row) or HTTP["not found"]

        rows = [row for row in table.REST if "{organization_slug}" in row.path]
        self.check(self.walk(self.scene.foreign, expected, rows))

    def test_a_foreign_organizations_things_under_the_own_ones_path(self):
        own, foreign = self.scene.own, self.scene.foreign
        slug = own.values["organization_slug"]
        things = Things(
            organization=own.organization, values={**foreign.values, "organization_slug": slug}
        )

        def expected(caller, row):
            return self.refused(caller, row) or HTTP["not found"]

        rows = [row for row in table.REST if names_a_thing(row)]
        self.check(self.walk(things, expected, rows))

    def test_a_credential_named_for_a_foreign_organization(self):
        foreign = {"x-organization-id": str(self.scene.foreign.organization.id)}

        def found():
            for caller in self.scene.callers:
                if not caller.headers:
                    continue
                for row in table.REST:
                    if not caller.is_telling(row, every_key=False):
                        continue
                    path = "/api/0/" + row.path.format(**self.scene.own.values)
                    response = self.client.call(
                        row.method, path, headers={**caller.headers, **foreign}
                    )
                    yield f"{row.method} {path} as {caller.name}", response.status_code, 401

        self.check(found())

    def test_no_signed_request_is_taken(self):
        def found():
            for row in table.REST:
                path = "/api/0/" + row.path.format(**self.scene.own.values).partition("?")[0]
                request = request_to("", b"", self.scene.organization.id)
                request = signed(replace(request, method=row.method, path=path, content_type=""))
                response = self.client.call(row.method, path, headers=headers_of(request))
                yield f"{row.method} {path}", response.status_code, 401

        self.check(found())


class RpcTest(PolicyCase):
    def ask(self, client, row, things, headers):
        """The status of one call, whose effects are undone."""
        with undone():
            answer = rpc.call(client, row.path, self.message(row, things), headers=headers)
        return answer.status.name

    def message(self, row, things):
        kind = GetMessageClass(RPCS[row.path].input_type)
        return ParseDict(fill(row.send, things), kind())

    def walk(self, things, expected, rows=table.RPC, *, every_key=False):
        for caller in self.scene.callers:
            client = self.client_of(caller)
            for row in rows:
                if not caller.is_telling(row, every_key=every_key):
                    continue
                got = self.ask(client, row, things, caller.headers)
                yield f"{row.path} as {caller.name}", got, expected(caller, row)

    def refused(self, caller, row):
        if not caller.rpc:
            return GRPC["nobody"]
        return None if caller.may(row) else GRPC["forbidden"]

    def test_every_rpc_has_a_row(self):
        assert {row.path for row in table.RPC} == set(RPCS)

    def test_the_own_organization_and_a_project_of_the_own_team(self):
        self.check(
            self.walk(
                self.scene.own,
                lambda caller, row: self.refused(caller, row) or row.answer,
                every_key=True,
            )
        )

    def test_a_project_of_a_foreign_team(self):
        def expected(caller, row):
            seen = row.answer if caller.sees_every_project else GRPC["not found"]
            return self.refused(caller, row) or seen

        rows = [row for row in table.RPC if row.project]
        self.check(self.walk(self.scene.foreign_team, expected, rows))

    def test_a_foreign_organizations_things(self):
        def expected(caller, row):
            # each part of a batch has a status of its own
            there = "OK" if row.path.startswith("Batch") else GRPC["not found"]
            return self.refused(caller, row) or there

        rows = [row for row in table.RPC if names_a_thing(row)]
        self.check(self.walk(self.scene.foreign, expected, rows))

    def test_every_part_of_a_batch_about_a_foreign_organization_is_not_found(self):
        row = next(row for row in table.RPC if row.path.startswith("Batch"))
        _, token = self.create_api_key(self.scene.organization, ["repository:read"])
        answer = self.rpc(row.path, self.message(row, self.scene.foreign), token=token)
        (result,) = answer.response.results
        assert rpc.RpcStatus(result.status.code) is rpc.RpcStatus.NOT_FOUND

    def test_a_credential_named_for_a_foreign_organization(self):
        foreign = {"x-organization-id": str(self.scene.foreign.organization.id)}

        def found():
            for caller in self.scene.callers:
                for row in table.RPC:
                    if not caller.is_telling(row, every_key=False):
                        continue
                    headers = {**caller.headers, **foreign}
                    got = self.ask(self.client, row, self.scene.own, headers)
                    yield f"{row.path} as {caller.name}", got, GRPC["nobody"]

        self.check(found())

    def test_a_signed_request(self):
        """It holds every scope: in its own organization all is answered, in another one nothing."""

        def found():
            own, foreign = self.scene.own, self.scene.foreign
            for row in table.RPC:
                for things, organization, wanted in (
                    (own, own.organization, row.answer),
                    (own, foreign.organization, GRPC["nobody"]),
                ):
                    body = rpc.frame(self.message(row, things).SerializeToString())
                    request = signed(request_to(row.path, body, organization.id))
                    got = self.ask_signed(row, body, headers_of(request))
                    yield f"{row.path} in {organization.slug}", got, wanted

        self.check(found())

    def ask_signed(self, row, body, headers):
        with undone():
            answer = rpc.call(self.client, row.path, body, headers=headers)
        return answer.status.name


def names_a_thing(row: table.Row) -> bool:
    """Whether the row names something beside the organization."""
    text = f"{row.path} {row.send}".replace("{organization_slug}", "")
    return "_id}" in text or "_slug}" in text
