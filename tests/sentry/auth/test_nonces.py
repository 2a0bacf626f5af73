"""The store of nonces: each may be used once, for as long as it could be replayed."""

import secrets
import time

import pytest
from django.db import DatabaseError

from sentry.auth.nonces import reserve_nonce
from sentry.integrations.source_code_management.errors import (
    Reason,
    ServiceUnavailable,
    Unauthenticated,
)
from sentry.models import SignatureNonce

pytestmark = pytest.mark.django_db


def soon():
    return int(time.time()) + 300


def test_once(store):
    reserve_nonce("billing", "n1", expires_at=soon())
    with pytest.raises(Unauthenticated) as caught:
        reserve_nonce("billing", "n1", expires_at=soon())
    assert caught.value.reason is Reason.SIGNATURE_REPLAYED


def test_of_each_service_by_itself(store):
    reserve_nonce("billing", "n1", expires_at=soon())
    reserve_nonce("search", "n1", expires_at=soon())


def test_after_ten_thousand_others(store):
    reserve_nonce("billing", "first", expires_at=soon())
    if store == "database":
        SignatureNonce.objects.bulk_create(
            [
                SignatureNonce(
                    key_id="billing",
                    nonce=f"n{number}",
                    expires_at=SignatureNonce.objects.get(nonce="first").expires_at,
                )
                for number in range(10_000)
            ]
        )
    else:
        from django.conf import settings

        from sentry.utils.redis import redis_client

        pipeline = redis_client().pipeline(transaction=False)
        for number in range(10_000):
            pipeline.set(f"{settings.REDIS_PREFIX}nonce:billing:n{number}", b"1", ex=300)
        pipeline.execute()
    with pytest.raises(Unauthenticated):
        reserve_nonce("billing", "first", expires_at=soon())
    with pytest.raises(Unauthenticated):
        reserve_nonce("billing", "n5000", expires_at=soon())


def test_expired_ones_are_swept_and_others_are_kept(monkeypatch):
    reserve_nonce("billing", "old", expires_at=int(time.time()) - 1)
    reserve_nonce("billing", "young", expires_at=soon())
    monkeypatch.setattr(secrets, "randbelow", lambda most: 0)
    reserve_nonce("billing", "new", expires_at=soon())
    assert set(SignatureNonce.objects.values_list("nonce", flat=True)) == {"young", "new"}


def test_a_database_that_fails_fails_closed(monkeypatch):
    def fail(**_):
        raise DatabaseError("a secret cause")

    monkeypatch.setattr(SignatureNonce.objects, "create", fail)
    with pytest.raises(ServiceUnavailable) as caught:
        reserve_nonce("billing", "n1", expires_at=soon())
    assert "secret" not in caught.value.message


@pytest.mark.service("redis")
def test_redis_forgets_it_when_it_may(redis_store, settings):
    expires_at = soon()
    reserve_nonce("billing", "n1", expires_at=expires_at)
    assert redis_store.expiretime(f"{settings.REDIS_PREFIX}nonce:billing:n1") == expires_at
