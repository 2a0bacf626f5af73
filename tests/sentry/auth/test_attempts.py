"""Where a request came from, and what a dead store of counters means for passwords."""

import pytest
from django.db import DatabaseError
from django.test import RequestFactory

from sentry.auth import ratelimit
from sentry.auth.attempts import client_address, count_attempt
from sentry.auth.passwords import PasswordBackend
from sentry.integrations.source_code_management.errors import RateLimited, ServiceUnavailable
from sentry.testutils.factories import Factories


def address_of(peer: str, forwarded: str = "") -> str:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_the_address_of_a_connection(peer: str, network: str) -> None:
    assert address_of(peer, "203.0.113.1") == network


@pytest.mark.parametrize(
    ("proxies", "forwarded", "network"),
    [
        (1, "198.51.100.1, 203.0.113.1", "203.0.113.1"),
        (2, "198.51.100.1, 203.0.113.1", "198.51.100.1"),
        (3, "198.51.100.1, 203.0.113.1", "198.51.100.1"),
        (1, "nonsense", ""),
        (1, "", "192.0.2.7"),
    ],
)
def test_the_address_behind_proxies(settings, proxies, forwarded, network) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert address_of("192.0.2.7", forwarded) == network


@pytest.mark.django_db
def test_names_are_counted_alike_however_they_are_written() -> None:
    for name in [" Ada", "ada ", "ADA"] * 3:
        count_attempt(name, "")
    count_attempt("ada\ud800", "192.0.2.7")
    count_attempt("ada", "")
    with pytest.raises(RateLimited) as caught:
        count_attempt("ada", "")
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 600


def test_where_nothing_can_be_counted_nobody_may_try(monkeypatch, settings) -> None:
    settings.REDIS_URL = ""

    def dead(*_: object) -> int:
        raise DatabaseError

    monkeypatch.setattr(ratelimit, "_take_from_database", dead)
    with pytest.raises(ServiceUnavailable):
        count_attempt("ada", "")


@pytest.mark.django_db
def test_an_account_is_one_by_its_name_and_by_its_address(rf: RequestFactory) -> None:
    Factories.create_user(email="ada@example.com", username="ada")
    for name in ["ada", "ada@example.com", "ADA@example.com", "ada", "ada@example.com"] * 2:
        assert PasswordBackend().authenticate(rf.get("/"), username=name, password="x") is None
    for name in ("ada", "Ada@Example.com"):
        with pytest.raises(RateLimited):
            PasswordBackend().authenticate(rf.get("/"), username=name, password="x")
