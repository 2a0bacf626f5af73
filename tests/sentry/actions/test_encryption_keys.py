"""Rotating encryption keys: nothing is ever unreadable, whenever it stops."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from pytest_django import Settings

from sentry.actions import encryption_keys
from sentry.actions.encryption_keys import (
    KeyInUseError,
    Rotation,
    UnreadableValueError,
    check_old_keys_unused,
    count_unreadable,
    new_key,
    reencrypt_all,
    rotate_key_file,
    write_keys,
)
from sentry.conf.environment import read_key_file
from sentry.integrations.source_code_management.errors import PreconditionFailed
from sentry.models import Integration
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db
OLD = new_key()


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    file = tmp_path / "encryption.keys"
    write_keys(file, [OLD])
    settings.ENCRYPTION_KEYS = [OLD]
    settings.ENCRYPTION_KEYS_FILE = file
    return file


def make(count: int) -> None:
    organization = Factories.create_organization()
    for number in range(count):
        Factories.create_integration(
            organization=organization, metadata={"token": f"secret-{number}"}
        )


def stored() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata FROM sentry_integration ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def tokens() -> list[Any]:
    rows = Integration.objects.order_by("id")
    return [row.plain_metadata()["token"] for row in rows]


def rotate(path: Path, **how: Any) -> Rotation:
    values = {"make_key": True, "drop_old": False, "batch_size": 2}
    return rotate_key_file(path, **{**values, **how})


def test_everything_is_encrypted_with_a_new_first_key(path: Path, settings: Settings) -> None:
    make(5)
    assert rotate(path) == Rotation(reencrypted=5, unchanged=0, dropped_keys=0)
    keys = read_key_file(path)
    assert keys[1:] == [OLD]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(Fernet(keys[0]).decrypt(value.encode()) for value in stored())
    settings.ENCRYPTION_KEYS = keys[:1]
    assert tokens() == [f"secret-{number}" for number in range(5)]


def test_old_keys_are_dropped_when_nothing_needs_them(path: Path) -> None:
    make(3)
    rotate(path)
    assert rotate(path, drop_old=True) == Rotation(reencrypted=3, unchanged=0, dropped_keys=2)
    assert len(read_key_file(path)) == 1
    again = rotate(path, make_key=False, drop_old=True)
    assert again == Rotation(reencrypted=0, unchanged=3, dropped_keys=0)
    assert len(read_key_file(path)) == 1


def test_with_nothing_stored_the_keys_are_rotated_all_the_same(path: Path) -> None:
    assert rotate(path, drop_old=True) == Rotation(reencrypted=0, unchanged=0, dropped_keys=1)
    assert OLD not in read_key_file(path)


def test_stopped_on_the_way_everything_is_readable_and_it_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    make(5)
    replace = encryption_keys._replace
    done: list[int] = []

    def stop_at_the_third(*arguments: Any) -> int:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return replace(*arguments)

    monkeypatch.setattr(encryption_keys, "_replace", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        rotate(path, drop_old=True)
    monkeypatch.undo()
    settings.ENCRYPTION_KEYS = read_key_file(path)
    assert tokens() == [f"secret-{number}" for number in range(5)]
    result = rotate(path, make_key=False, drop_old=True)
    assert result == Rotation(reencrypted=3, unchanged=2, dropped_keys=1)


def test_the_key_file_survives_a_failed_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_keys(path, [new_key()])
    monkeypatch.undo()
    assert read_key_file(path) == [OLD]
    assert [file.name for file in path.parent.iterdir()] == ["encryption.keys"]


def test_a_value_that_a_server_writes_meanwhile_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    make(1)
    replace = encryption_keys._replace

    def write_first(*arguments: Any) -> int:
        row = Integration.objects.get()
        row.metadata = {"token": "newer"}
        row.save()
        return replace(*arguments)

    monkeypatch.setattr(encryption_keys, "_replace", write_first)
    assert rotate(path).reencrypted == 0
    settings.ENCRYPTION_KEYS = read_key_file(path)
    assert tokens() == ["newer"]


def test_no_key_is_dropped_that_something_needs(path: Path) -> None:
    make(2)
    keys = [new_key(), OLD]
    with pytest.raises(KeyInUseError, match="2 stored values still need an old key"):
        encryption_keys.drop_old_keys(path, keys)
    assert read_key_file(path) == [OLD]
    with pytest.raises(KeyInUseError):
        check_old_keys_unused(keys)


def test_values_of_a_lost_key_are_told_and_the_others_done(path: Path, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    make(1)
    settings.ENCRYPTION_KEYS = [OLD]
    make(2)
    with pytest.raises(UnreadableValueError, match="1 stored values cannot be decrypted"):
        rotate(path, drop_old=True)
    keys = read_key_file(path)
    assert keys[1:] == [OLD]
    assert count_unreadable(keys) == 1
    assert count_unreadable(keys[:1]) == 1
    with pytest.raises(UnreadableValueError):
        reencrypt_all(keys)


def test_two_rotations_do_not_run_at_once(path: Path) -> None:
    with path.with_name("encryption.keys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PreconditionFailed, match="another rotation"):
            rotate(path)
    assert read_key_file(path) == [OLD]
    rotate(path)
