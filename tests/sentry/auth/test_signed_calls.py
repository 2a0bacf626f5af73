"""Signed requests at the RPC door: what is accepted, and everything that is not."""

import base64
import gzip
import json
import time
from dataclasses import replace

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import IdempotencyRecord, SignatureNonce
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus
from tests.sentry.signing import METHOD, SECRET, headers_of, request_to, shared_secrets, signed

OTHER = "another secret of the same service"


@pytest.fixture
def organization(db, settings):
    settings.SCM_SHARED_SECRETS = shared_secrets()
    return Factories.create_organization()


@pytest.fixture
def get(organization):
    """A GetRepository that is not signed yet; fields are replaced before it is."""
    repository = Factories.create_repo(organization_id=organization.id, name="shop")
    message = scm_pb2.GetRepositoryRequest(repository_id=repository.id)
    body = rpc.frame(message.SerializeToString())
    usual = ("GetRepository", body, organization.id)
    return lambda **fields: replace(request_to(*usual), **fields)


def send(request, *, prefix="/grpc", **headers):
    """Sends a signed request as it says; gives its gRPC-Web answer."""
    query = f"?{request.query}" if request.query else ""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if request.encoding:
        named["grpc-encoding"] = request.encoding
    http = Client().call(
        request.method,
        f"{prefix}{request.path}{query}",
        data=request.body,
        content_type=request.content_type,
        headers=headers_of(request) | named,
        CONTENT_TYPE=request.content_type,  # without it an empty body has none
    )
    method = scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods_by_name.get(
        request.path.removeprefix(METHOD)
    )
    return rpc.parse(method, http)


def assert_accepted(answer):
    assert answer.response.name == "shop"


def assert_refused(answer, reason="SIGNATURE_INVALID"):
    assert answer.status is RpcStatus.UNAUTHENTICATED, answer.message
    assert answer.reason == reason
    assert answer.responses == ()


class TestAccepted:
    @pytest.mark.parametrize("prefix", ["", "/grpc"])
    def test_with_and_without_the_prefix(self, get, prefix):
        assert_accepted(send(signed(get()), prefix=prefix))

    def test_with_a_query(self, get):
        assert_accepted(send(signed(get(query="a=%7B1%7D&b=ü".encode().decode("latin-1")))))

    def test_compressed(self, get):
        request = get()
        body = rpc.frame(gzip.compress(request.body[5:]), flag=1)
        assert_accepted(send(signed(replace(request, body=body, encoding="gzip"))))

    def test_in_the_text_form_over_the_bytes_as_sent(self, get):
        request = get()
        text = replace(
            request,
            body=base64.b64encode(request.body),
            content_type="application/grpc-web-text+proto",
        )
        http = Client().call(
            "POST",
            request.path,
            data=text.body,
            content_type=text.content_type,
            headers=headers_of(signed(text)),
        )
        assert b"shop" in base64.b64decode(http.content[:400] + b"==", validate=False)

    def test_in_connect_json(self, get, organization):
        request = signed(get(content_type="application/json", body=b"{}"))
        http = Client().call(
            "POST",
            request.path,
            data=request.body,
            content_type=request.content_type,
            headers=headers_of(request),
        )
        assert (http.status_code, http.json()["code"]) == (400, "invalid_argument")

    def test_every_secret_of_the_service_verifies(self, get, settings):
        settings.SCM_SHARED_SECRETS = shared_secrets(OTHER, SECRET)
        assert_accepted(send(signed(get(), SECRET)))
        assert_accepted(send(signed(get(), OTHER)))
        settings.SCM_SHARED_SECRETS = shared_secrets(OTHER)
        assert_refused(send(signed(get(), SECRET)))

    def test_at_the_edges_of_its_time(self, get):
        now = int(time.time())
        for timestamp in (now - 280, now + 280):
            assert_accepted(send(signed(get(timestamp=str(timestamp)))))


class TestTampered:
    """Each part that is signed, changed after it was signed."""

    @pytest.mark.parametrize(
        "change",
        [
            {"body": rpc.frame(b"\x08\x01")},
            {"body": b""},
            {"query": "a=1"},
            {"path": f"{METHOD}ListRepositories"},
            {"organization_id": "2"},
            {"content_type": "application/grpc-web"},
            {"content_type": "application/grpc-web+proto "},
            {"content_type": "application/grpc-web+proto; x=1"},
            {"idempotency_key": "key"},
            {"timestamp": str(int(time.time()) - 10)},
            {"nonce": "A" * 24},
            {"key_id": "other"},
            {"encoding": "gzip"},
            {"encoding": "identity"},
        ],
        ids=lambda change: "-".join(f"{name}" for name in change),
    )
    def test_a_part(self, get, change):
        assert_refused(send(replace(signed(get()), **change)))
        assert not SignatureNonce.objects.exists()

    def test_the_host_of_a_header_that_is_not_this_content_types(self, get):
        """gRPC-Web has no content-encoding: it is neither signed nor heeded."""
        assert_accepted(send(signed(get()), content_encoding="br"))

    def test_a_signature_that_is_none(self, get):
        right = signed(get()).signature
        for text in (
            "v1=",
            "v1=" + "0" * 64,
            right[3:],
            f"v2{right[2:]}",
            right.upper(),
            right + "0",
            f"{right},{right}",
            "é",
            "v1=\x7f",
        ):
            assert_refused(send(replace(get(), signature=text)))

    def test_a_secret_that_is_not_the_services(self, get):
        assert_refused(send(signed(get(), "a secret of somebody else")))

    def test_an_unknown_service(self, get):
        for key_id in ("other", "", "b" * 500, "bílling"):
            assert_refused(send(signed(get(key_id=key_id))))

    def test_a_method_signed_for_another(self, get, organization):
        """The signature of a read opens no other RPC."""
        request = signed(get())
        listing = replace(request, path=f"{METHOD}ListRepositories")
        assert_refused(send(listing))
        assert_accepted(send(request))

    def test_malformed_settings_refuse_all(self, get, settings):
        for text in ("{", "", "[]", '[{"id": "billing"}]'):
            settings.SCM_SHARED_SECRETS = text
            assert_refused(send(signed(get())))


class TestTime:
    @pytest.mark.parametrize("offset", [-302, 302, -86_400, 10**9])
    def test_stale_or_of_the_future(self, get, offset):
        answer = send(signed(get(timestamp=str(int(time.time()) + offset))))
        assert_refused(answer, "SIGNATURE_EXPIRED")

    @pytest.mark.parametrize("text", ["", "now", "-1", "1.5", "9" * 13, "9" * 400, "٣", "1e9"])
    def test_what_is_no_time(self, get, text):
        answer = send(signed(get(timestamp=text)))
        assert answer.status is RpcStatus.UNAUTHENTICATED
        assert answer.reason in {"SIGNATURE_EXPIRED", "SIGNATURE_INVALID"}


class TestNonce:
    @pytest.mark.parametrize("nonce", ["", "short", "A" * 21, "A" * 129])
    def test_too_short_or_too_long(self, get, nonce):
        assert_refused(send(signed(get(nonce=nonce))))
        assert not SignatureNonce.objects.exists()

    @pytest.mark.parametrize("nonce", ["A" * 22 + "é", "A" * 22 + " x", "A" * 22 + "+/"])
    def test_what_is_no_base64url(self, get, nonce):
        assert_refused(send(signed(get(nonce=nonce))))

    def test_replayed(self, get):
        request = signed(get())
        assert_accepted(send(request))
        assert_refused(send(request), "SIGNATURE_REPLAYED")
        assert_refused(send(request, prefix=""), "SIGNATURE_REPLAYED")

    def test_used_again_for_another_request(self, get):
        nonce = "A" * 24
        assert_accepted(send(signed(get(nonce=nonce))))
        assert_refused(send(signed(get(nonce=nonce, query="a=1"))), "SIGNATURE_REPLAYED")

    def test_a_request_that_does_not_verify_uses_none_up(self, get):
        request = signed(get())
        assert_refused(send(replace(request, body=rpc.frame(b"\x08\x01"))))
        assert_accepted(send(request))

    def test_it_is_kept_as_long_as_its_time_is_accepted(self, get):
        now = int(time.time())
        assert_accepted(send(signed(get(timestamp=str(now + 250)))))
        kept = SignatureNonce.objects.get().expires_at.timestamp()
        assert kept == now + 250 + 301


class TestOrganization:
    def test_only_those_that_are_configured(self, get, organization, settings):
        settings.SCM_SHARED_SECRETS = shared_secrets(organizations=[organization.id])
        assert_accepted(send(signed(get())))
        settings.SCM_SHARED_SECRETS = shared_secrets(organizations=[organization.id + 1])
        answer = send(signed(get()))
        assert_refused(answer)
        assert answer.message == "the key may not act in this organization"

    @pytest.mark.parametrize("text", ["", "acme", "-1", "0x7", "9" * 17])
    def test_one_must_be_named_by_its_id(self, get, text):
        answer = send(signed(get(organization_id=text)))
        assert answer.status is RpcStatus.UNAUTHENTICATED

    def test_a_service_acts_in_one_at_a_time(self, get, organization):
        other = Factories.create_organization()
        answer = send(signed(get(organization_id=str(other.id))))
        assert answer.status is RpcStatus.NOT_FOUND


class TestScope:
    def test_its_scopes_are_those_that_are_configured(self, get, organization, settings):
        entry = json.loads(shared_secrets())[0] | {"scopes": ["event:write"]}
        settings.SCM_SHARED_SECRETS = json.dumps([entry])
        assert send(signed(get())).status is RpcStatus.PERMISSION_DENIED

    def test_a_service_reaches_every_project_of_its_organization(self, organization):
        project = Factories.create_project(organization)
        repository = Factories.create_repo(project)
        message = scm_pb2.CreateCodeMappingRequest(
            project_id=project.id,
            repository_id=repository.id,
            stack_root="/app",
            default_branch="main",
        )
        body = rpc.frame(message.SerializeToString())
        for _ in range(2):
            request = request_to(
                "CreateCodeMapping", body, organization.id, idempotency_key="key-1"
            )
            assert send(signed(request)).response.stack_root == "/app"
        assert RepositoryProjectPathConfig.objects.count() == 1
        assert IdempotencyRecord.objects.get().caller == "service:billing"


class TestStores:
    def test_each_store_refuses_a_replay(self, get, store):
        request = signed(get())
        assert_accepted(send(request))
        assert_refused(send(request), "SIGNATURE_REPLAYED")
        assert SignatureNonce.objects.count() == (1 if store == "database" else 0)

    def test_a_dead_store_fails_closed(self, get, dead_redis, caplog):
        answer = send(signed(get()))
        assert (answer.status, answer.reason) == (RpcStatus.UNAVAILABLE, "SERVICE_UNAVAILABLE")
        assert answer.message == "the nonce store is not available"
        assert any(one.getMessage() == "auth.nonce.store_failed" for one in caplog.records)
        assert SECRET not in caplog.text
