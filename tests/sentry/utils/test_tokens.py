"""Secrets: random, recognizable, stored as a hash."""

import base64
import hashlib
import json
import re

from sentry.utils.tokens import hash_token, new_organization_token, new_token


def test_a_token_has_256_random_bits() -> None:
    tokens = {new_token("sapk_") for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"sapk_[0-9a-f]{64}", token) for token in tokens)


def test_an_organization_token_says_where_it_belongs(settings) -> None:
    settings.SENTRY_URL_PREFIX = "https://sentry.example.com"
    token = new_organization_token("acme")
    prefix, payload, secret = token.split("_", 2)
    facts = json.loads(base64.b64decode(payload))
    assert prefix == "sntrys"
    assert (facts["url"], facts["org"]) == ("https://sentry.example.com", "acme")
    assert facts["region_url"].startswith("http")
    assert isinstance(facts["iat"], float)
    assert len(base64.b64decode(secret + "=")) == 32
    assert new_organization_token("acme").split("_", 2)[2] != secret


def test_what_is_stored() -> None:
    assert hash_token("abc") == hashlib.sha256(b"abc").hexdigest()
    assert hash_token("é") == hashlib.sha256("é".encode()).hexdigest()
    assert len(hash_token("\ud800")) == 64  # what a caller sends need not be text
