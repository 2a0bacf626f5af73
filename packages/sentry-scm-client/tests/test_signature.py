"""Signed request v1, against the vectors that the server checks too."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import TypedDict

import httpx
import pytest

from sentry_scm_client import Repository, ScmClient, SignedParts, canonical, sign
from sentry_scm_client.signature import encoding_header, new_nonce

from .loopback import FakeClock, message_answer

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "signature_v1.json"


class Vector(TypedDict):
    name: str
    secret: str
    key_id: str
    method: str
    path: str
    query: str
    organization_id: str
    content_type: str
    encoding: str
    idempotency_key: str
    timestamp: int
    nonce: str
    body_hex: str
    canonical: str
    signature: str


def load() -> list[Vector]:
    vectors: list[Vector] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return vectors


def parts(vector: Vector) -> SignedParts:
    return SignedParts(
        key_id=vector["key_id"],
        method=vector["method"],
        path=vector["path"],
        query=vector["query"],
        organization_id=vector["organization_id"],
        content_type=vector["content_type"],
        encoding=vector["encoding"],
        idempotency_key=vector["idempotency_key"],
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
        body=bytes.fromhex(vector["body_hex"]),
    )


def independent(vector: Vector) -> tuple[str, str]:
    """Canonical text and signature, written a second time from the specification alone."""
    path = vector["path"]
    if path.startswith("/grpc/"):
        path = path[len("/grpc") :]
    order = ("query", "organization_id", "content_type", "encoding", "idempotency_key")
    text = "\n".join(("v1", vector["key_id"], vector["method"].upper(), path))
    text += "".join(f"\n{vector[name]}" for name in order)  # type: ignore[literal-required]
    text += f"\n{vector['timestamp']}\n{vector['nonce']}\n"
    text += hashlib.sha256(bytes.fromhex(vector["body_hex"])).hexdigest()
    digest = hmac.digest(vector["secret"].encode(), text.encode(), "sha256").hex()
    return text, f"v1={digest}"


def test_there_are_enough_vectors_and_no_name_twice():
    names = [vector["name"] for vector in load()]
    assert len(names) >= 10
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("vector", load(), ids=lambda vector: vector["name"])
def test_vector(vector: Vector):
    assert independent(vector) == (vector["canonical"], vector["signature"])
    assert canonical(parts(vector)) == vector["canonical"]
    assert sign(vector["secret"], parts(vector)) == {
        "x-key-id": vector["key_id"],
        "x-signature-timestamp": str(vector["timestamp"]),
        "x-signature-nonce": vector["nonce"],
        "x-signature": vector["signature"],
    }


@pytest.mark.parametrize("name", ["key_id", "query", "idempotency_key", "content_type", "nonce"])
@pytest.mark.parametrize("breaking", ["\n", "\r"])
def test_line_break_in_a_part_is_refused(name: str, breaking: str):
    vector = load()[0]
    vector[name] = f"a{breaking}b"  # type: ignore[literal-required]
    with pytest.raises(ValueError, match="line break"):
        canonical(parts(vector))


def test_nonce_is_random_url_safe_and_unpadded():
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    for nonce in nonces:
        assert len(nonce) == 24
        assert nonce.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("content_type", "header"),
    [
        ("application/grpc-web+proto", "grpc-encoding"),
        ("application/grpc-web-text", "grpc-encoding"),
        ("application/proto", "content-encoding"),
        ("Application/JSON; charset=utf-8", "content-encoding"),
        ("application/connect+proto", "connect-content-encoding"),
    ],
)
def test_encoding_header(content_type: str, header: str):
    assert encoding_header(content_type) == header


@pytest.mark.parametrize("prefix", ["", "/grpc"])
def test_client_signs_what_it_sends(prefix: str):
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return message_answer(Repository(id=3))

    with ScmClient(
        "https://sentry.example.com/behind/a/proxy",
        shared_secret="s3cret",
        key_id="schlüssel",
        organization_id=7,
        compression="gzip",
        path_prefix=prefix,
        transport=httpx.MockTransport(answer),
        clock=FakeClock(unix=1_790_000_000.9),
    ) as client:
        client.get_repository(42)
        client.create_code_mapping(
            project_id=1,
            repository_id=2,
            stack_root="app/",
            source_root="src/",
            idempotency_key="once",
        )
    for request, name, key in zip(
        seen, ("GetRepository", "CreateCodeMapping"), ("", "once"), strict=True
    ):
        assert request.url.path.startswith("/behind/a/proxy" + prefix)
        sent = {name.decode(): value.decode() for name, value in request.headers.raw}
        expected = sign(
            "s3cret",
            SignedParts(
                key_id="schlüssel",
                method="POST",
                path=f"{prefix}/sentry.integrations.scm.v1.ScmService/{name}",
                organization_id="7",
                content_type="application/grpc-web+proto",
                encoding="gzip",
                idempotency_key=key,
                timestamp=1_790_000_000,
                nonce=sent["x-signature-nonce"],
                body=request.content,
            ),
        )
        assert expected.items() <= sent.items()
        assert sent["x-organization-id"] == "7"
    assert seen[0].headers["x-signature-nonce"] != seen[1].headers["x-signature-nonce"]
