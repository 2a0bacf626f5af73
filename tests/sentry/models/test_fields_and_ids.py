"""What models are made of: ids that may collide, and values that are encrypted at rest."""

import threading
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, connection

from sentry.db import models as db_models
from sentry.db.models import new_region_id
from sentry.models import Integration, Organization
from sentry.testutils.factories import Factories
from sentry.types.region import get_local_region
from sentry.utils.encryption import WrongEncryptionKeyError

pytestmark = pytest.mark.django_db
SECRET = {"token": "ghp_hunter2", "app": {"private_key": "ÄÖÜ\n"}, "numbers": [1, None, 2.5]}


def ids_to_give(monkeypatch: pytest.MonkeyPatch, *ids: int) -> None:
    rest = iter(ids)
    monkeypatch.setattr(db_models, "new_region_id", lambda: next(rest))


def test_a_new_id_is_of_this_region() -> None:
    value = new_region_id()
    assert 0 < value < 2**53
    assert value >> 16 & 31 == get_local_region().snowflake_id
    assert new_region_id() != value


def test_a_taken_id_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Factories.create_organization()
    ids_to_give(monkeypatch, taken.id, taken.id, 77)
    made = Organization(id=taken.id, name="B", slug="b")
    made.save()
    assert made.pk == 77
    assert Organization.objects.get(pk=taken.id).slug == taken.slug
    assert Organization.objects.get(pk=77).slug == "b"


def test_ids_that_are_always_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Factories.create_organization()
    ids_to_give(monkeypatch, *[taken.id] * 10)
    with pytest.raises(IntegrityError):
        Organization(id=taken.id, name="B", slug="b").save()
    assert Organization.objects.count() == 1


def test_another_rule_that_is_broken_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Factories.create_organization()
    ids_to_give(monkeypatch)  # none is asked for
    with pytest.raises(IntegrityError):
        Organization(id=taken.id + 1, name="B", slug=taken.slug).save()


def test_saving_again_changes_the_row() -> None:
    made = Factories.create_organization()
    made.name = "Renamed"
    made.save(update_fields=["name"])
    assert Organization.objects.get().name == "Renamed"


@pytest.mark.django_db(transaction=True)
def test_two_threads_with_the_same_id() -> None:
    gate = threading.Barrier(2)
    made: list[int] = []

    def make(number: int) -> None:
        row = Organization(id=4711, name="A", slug=f"slug-{number}")
        gate.wait(30)
        try:
            row.save()
            made.append(row.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(made)) == Organization.objects.count() == 2
    assert 4711 in made


# --- encryption ---------------------------------------------------------------------------------


def stored(row: Integration) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata FROM sentry_integration WHERE id = %s", [row.pk])
        return str(cursor.fetchone()[0])


def test_it_is_plain_in_python_and_encrypted_in_the_database() -> None:
    row = Factories.create_integration(metadata=SECRET)
    assert Integration.objects.get(pk=row.pk).plain_metadata() == SECRET
    assert "hunter2" not in stored(row)
    assert "token" not in stored(row)
    row.refresh_from_db()
    assert row.plain_metadata() == SECRET
    first = stored(row)
    row.save()
    assert stored(row) != first  # a new encryption of the same value
    assert Integration.objects.get(pk=row.pk).plain_metadata() == SECRET


def test_a_bulk_write_is_encrypted_too() -> None:
    row = Factories.create_integration()
    Integration.objects.filter(pk=row.pk).update(metadata=SECRET)
    assert "hunter2" not in stored(row)
    assert Integration.objects.get(pk=row.pk).plain_metadata() == SECRET


def test_a_value_that_is_checked_stays_as_it_is() -> None:
    row = Factories.create_integration(metadata=SECRET)
    row.full_clean()
    assert row.plain_metadata() == SECRET


def test_a_wrong_key_fails_loudly_and_shows_nothing(settings) -> None:
    row = Factories.create_integration(metadata=SECRET)
    right = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.ENCRYPTION_KEYS_FILE = None
    with pytest.raises(WrongEncryptionKeyError) as failure:
        Integration.objects.get(pk=row.pk)
    assert "hunter2" not in str(failure.value)
    assert stored(row)[:20] not in str(failure.value)
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, *right]
    assert Integration.objects.get(pk=row.pk).plain_metadata() == SECRET


def test_every_model_says_what_it_is() -> None:
    """``str()`` of a row helps a person and shows no credential."""
    organization = Factories.create_organization()
    key, secret = Factories.create_api_key(organization, label="CI")
    assert str(organization) == organization.slug
    assert str(key) == f"CI …{secret[-4:]}"
    assert secret not in repr(key)
    commit = Factories.create_commit(date_added=datetime(2026, 1, 1, tzinfo=UTC))
    assert str(commit) == commit.key
