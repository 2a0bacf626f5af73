"""Encryption of credentials at rest."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from sentry.utils.encryption import WrongEncryptionKeyError, decrypt_json, encrypt_json

VALUE = {"token": "hunter2", "text": "größe"}


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_encrypted_comes_back(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    stored = encrypt_json(VALUE)
    assert "hunter2" not in stored
    assert stored != encrypt_json(VALUE)
    assert decrypt_json(stored) == VALUE


def test_the_first_key_encrypts_and_all_decrypt(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [old]
    before = encrypt_json(VALUE)
    settings.ENCRYPTION_KEYS = [new, old]
    after = encrypt_json(VALUE)
    assert decrypt_json(before) == VALUE
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt_json(after) == VALUE


@pytest.mark.parametrize("damage", [lambda text: text[:-4], lambda text: "x" + text, lambda _: ""])
def test_a_damaged_value_fails_loudly(settings: Settings, damage) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(WrongEncryptionKeyError):
        decrypt_json(damage(encrypt_json(VALUE)))


def test_a_wrong_key_fails_loudly_and_shows_nothing(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    stored = encrypt_json(VALUE)
    wrong = new_key()
    settings.ENCRYPTION_KEYS = [wrong]
    with pytest.raises(WrongEncryptionKeyError) as caught:
        decrypt_json(stored)
    assert "hunter2" not in str(caught.value)
    assert wrong not in str(caught.value)
    assert stored not in str(caught.value)


def key_file(path: Path, *keys: str) -> Path:
    path.write_text("".join(f"{key}\n" for key in keys))
    path.chmod(0o600)
    return path


def test_a_running_process_takes_a_new_key_from_the_key_file(
    settings: Settings, tmp_path: Path
) -> None:
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [old]
    settings.ENCRYPTION_KEYS_FILE = key_file(tmp_path / "keys", old)
    stored = Fernet(new).encrypt(b'"by another process"').decode()
    with pytest.raises(WrongEncryptionKeyError):
        decrypt_json(stored)
    key_file(tmp_path / "keys", new, old)
    assert decrypt_json(stored) == "by another process"
    assert Fernet(new).decrypt(encrypt_json("from now on")) == b'"from now on"'


def test_a_key_file_that_shares_no_key_is_not_taken(settings: Settings, tmp_path: Path) -> None:
    other = new_key()
    settings.ENCRYPTION_KEYS = [new_key()]
    settings.ENCRYPTION_KEYS_FILE = key_file(tmp_path / "keys", other)
    with pytest.raises(WrongEncryptionKeyError):
        decrypt_json(Fernet(other).encrypt(b"1").decode())


def test_a_key_file_that_is_gone_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "gone"
    with pytest.raises(WrongEncryptionKeyError):
        decrypt_json(Fernet(new_key()).encrypt(b"1").decode())
    assert decrypt_json(encrypt_json(VALUE)) == VALUE
