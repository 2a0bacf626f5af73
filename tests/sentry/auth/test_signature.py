"""Signed requests, version 1: the published vectors, and the secrets that are configured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sentry.auth.signature import (
    MalformedSecretsError,
    SignedRequest,
    canonical_request,
    parse_shared_secrets,
    sign,
    verify,
)
from sentry.integrations.source_code_management.errors import Unauthenticated
from tests.sentry.signing import SECRET, request_to, shared_secrets, signed

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "signature_v1.json").read_text(encoding="utf-8")
)


def request_of(vector) -> SignedRequest:
    return SignedRequest(
        method=vector["method"],
        path=vector["path"],
        query=vector["query"],
        key_id=vector["key_id"],
        organization_id=vector["organization_id"],
        content_type=vector["content_type"],
        encoding=vector["encoding"],
        idempotency_key=vector["idempotency_key"],
        timestamp=str(vector["timestamp"]),
        nonce=vector["nonce"],
        signature=vector["signature"],
        body=bytes.fromhex(vector["body_hex"]),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors(vector):
    request = request_of(vector)
    assert canonical_request(request).decode() == vector["canonical"]
    assert sign(request, vector["secret"]) == vector["signature"]


@pytest.mark.django_db
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_are_accepted_as_they_were_sent(vector, settings):
    settings.SCM_SHARED_SECRETS = shared_secrets(vector["secret"], key_id=vector["key_id"])
    request = request_of(vector)
    if not vector["organization_id"]:
        with pytest.raises(Unauthenticated, match="may not act"):
            verify(request, now=vector["timestamp"])
        return
    caller = verify(request, now=vector["timestamp"])
    assert caller.organization_id == int(vector["organization_id"])
    assert caller.credential == f"service:{vector['key_id']}"


def test_the_prefix_of_the_path_is_not_signed():
    plain = request_to("GetRepository", b"body", 7)
    prefixed = replace(plain, path=f"/grpc{plain.path}")
    assert canonical_request(plain) == canonical_request(prefixed)
    other = replace(plain, path=f"/grpc/grpc{plain.path}")
    assert canonical_request(plain) != canonical_request(other)


def test_no_secret_is_shown():
    (service,) = parse_shared_secrets(shared_secrets()).values()
    assert SECRET not in repr(service)
    request = signed(request_to("GetRepository", b"body", 7))
    assert request.signature not in repr(request)


class TestConfiguration:
    """``SCM_SHARED_SECRETS``: what cannot be read refuses every signed request."""

    ENTRY = {
        "id": "billing",
        "secrets": [SECRET],
        "scopes": ["repository:write"],
        "organizations": [1, 2],
    }

    def test_one_that_is_right(self):
        (service,) = parse_shared_secrets(json.dumps([self.ENTRY])).values()
        assert service.secrets == (SECRET,)
        assert service.scopes == {"repository:write", "repository:read"}
        assert service.may_act_in(1)
        assert not service.may_act_in(3)
        assert parse_shared_secrets("") == {}
        assert parse_shared_secrets("[]") == {}

    @pytest.mark.parametrize(
        "text",
        ["{", "null", '"x"', "{}", "[1]", "[[]]", '[{"id": "billing"}]'],
    )
    def test_what_is_no_list_of_services(self, text):
        with pytest.raises(MalformedSecretsError):
            parse_shared_secrets(text)

    @pytest.mark.parametrize(
        "change",
        [
            {"id": ""},
            {"id": 1},
            {"id": "x" * 129},
            {"secrets": []},
            {"secrets": SECRET},
            {"secrets": ["short"]},
            {"secrets": [SECRET, 1]},
            {"scopes": []},
            {"scopes": "repository:read"},
            {"scopes": ["repository:everything"]},
            {"organizations": "all"},
            {"organizations": ["1"]},
            {"organizations": [0]},
            {"organizations": [-1]},
            {"organizations": [True]},
            {"organizations": [1.0]},
            {"organizations": None},
            {"more": 1},
        ],
        ids=str,
    )
    def test_a_service_that_is_wrong(self, change):
        text = json.dumps([self.ENTRY | change])
        with pytest.raises(MalformedSecretsError) as caught:
            parse_shared_secrets(text)
        assert SECRET not in str(caught.value)

    def test_an_id_stands_once(self):
        with pytest.raises(MalformedSecretsError, match="twice"):
            parse_shared_secrets(json.dumps([self.ENTRY, self.ENTRY]))

    @pytest.mark.parametrize("text", ["", "{", "[1]", "[]"])
    def test_without_it_nothing_is_accepted(self, settings, text):
        settings.SCM_SHARED_SECRETS = text
        with pytest.raises(Unauthenticated, match="does not verify"):
            verify(signed(request_to("GetRepository", b"body", 7)))
