"""Rotating the keys that encrypt credentials at rest."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.db import connection, models, router
from django.db.models.functions import Cast

from sentry.conf.environment import read_key_file
from sentry.db.fields import EncryptedJSONField
from sentry.integrations.source_code_management.errors import PreconditionFailed
from sentry.utils.encryption import WrongEncryptionKeyError

_MODE = 0o600


@dataclass(frozen=True, kw_only=True, slots=True)
class Reencryption:
    """How many stored values were encrypted anew, and how many had the first key already."""

    reencrypted: int
    unchanged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """What a rotation did: values encrypted anew, values left as they were, keys removed."""

    reencrypted: int
    unchanged: int
    dropped_keys: int


class UnreadableValueError(PreconditionFailed):
    """Stored values cannot be decrypted with any of the keys."""

    def __init__(self, count: int) -> None:
        """Says how many, and nothing of them."""
        super().__init__(
            f"{count} stored values cannot be decrypted with the configured keys; "
            "restore the key that encrypted them"
        )
        self.count = count


class KeyInUseError(PreconditionFailed):
    """Old keys are still needed."""

    def __init__(self, count: int) -> None:
        """Says how many values need them."""
        super().__init__(f"{count} stored values still need an old key: rotate first")
        self.count = count


def new_key() -> str:
    """A new Fernet key: 32 random bytes in base64."""
    return Fernet.generate_key().decode("ascii")


def write_keys(path: Path, keys: Sequence[str]) -> None:
    """Replaces the key file at once: a reader sees the old keys or the new ones, mode 600.

    The bytes are on the disk before the old file goes, so that a crash loses neither.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write("".join(f"{key}\n" for key in keys))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field.attname


def _stored(batch_size: int) -> Iterator[tuple[type[models.Model], str, object, str]]:
    """Every encrypted value as it lies in the database: its model, column, primary key, text."""
    for model, column in _encrypted_fields():
        last: object = None
        while True:
            rows = model._default_manager.annotate(
                stored=Cast(column, models.TextField())
            ).order_by("pk")
            rows = rows if last is None else rows.filter(pk__gt=last)
            batch = list(rows.values_list("pk", "stored")[:batch_size])
            for pk, stored in batch:
                if stored is not None:
                    yield model, column, pk, stored
            if len(batch) < batch_size:
                break
            last = batch[-1][0]


def _opens(key: Fernet, stored: str) -> bool:
    try:
        key.decrypt(stored.encode("ascii", "replace"))
    except InvalidToken:
        return False
    return True


def _plain(keys: Sequence[Fernet], stored: str) -> bytes | None:
    for key in keys:
        try:
            return key.decrypt(stored.encode("ascii", "replace"))
        except InvalidToken:
            continue
    return None


def reencrypt_all(keys: Sequence[str], *, batch_size: int = 200) -> Reencryption:
    """Encrypts every stored value with the first key that another one encrypted.

    Each value is replaced only if it is still the one that was read, so that a write of a running
    server is never undone. It may be stopped and run again at any time.

    Raises:
        UnreadableValueError: some values fit no key; all others were done.
    """
    ciphers = [Fernet(key) for key in keys]
    done = unchanged = unreadable = 0
    for model, column, pk, stored in _stored(batch_size):
        if _opens(ciphers[0], stored):
            unchanged += 1
            continue
        plain = _plain(ciphers[1:], stored)
        if plain is None:
            unreadable += 1
            continue
        text = ciphers[0].encrypt(plain).decode("ascii")
        done += _replace(model, column, pk, stored, text)
    if unreadable:
        raise UnreadableValueError(unreadable)
    return Reencryption(reencrypted=done, unchanged=unchanged)


def _replace(model: type[models.Model], column: str, pk: object, old: str, new: str) -> int:
    # An expression goes into the column as it is; a plain value would be encrypted once more.
    rows = model._default_manager.annotate(stored=Cast(column, models.TextField()))
    return rows.filter(pk=pk, stored=old).update(
        **{column: models.Value(new, output_field=models.TextField())}
    )


def count_needing_old_keys(key: str, *, batch_size: int = 200) -> int:
    """How many stored values this key alone cannot decrypt."""
    cipher = Fernet(key)
    return sum(not _opens(cipher, stored) for *_, stored in _stored(batch_size))


def count_unreadable(keys: Sequence[str], *, batch_size: int = 200) -> int:
    """How many stored values none of the keys can decrypt."""
    ciphers = [Fernet(key) for key in keys]
    return sum(_plain(ciphers, stored) is None for *_, stored in _stored(batch_size))


def newest_values_open() -> bool:
    """Whether the newest value of each encrypted column in this silo can be decrypted.

    It was encrypted with the key that was in use last: a process with other keys shows here.
    """
    for model, column in _encrypted_fields():
        if not router.allow_migrate_model(connection.alias, model):
            continue
        try:
            model._default_manager.order_by("-pk").values_list(column, flat=True).first()
        except WrongEncryptionKeyError:
            return False
    return True


def drop_old_keys(path: Path, keys: Sequence[str]) -> int:
    """Keeps only the first key in the key file; returns how many were removed.

    Raises:
        KeyInUseError: a stored value still needs another key; the file is unchanged.
    """
    check_old_keys_unused(keys)
    if len(keys) > 1:
        write_keys(path, keys[:1])
    return len(keys) - 1


def check_old_keys_unused(keys: Sequence[str]) -> None:
    """Returns where the first key alone decrypts everything.

    Raises:
        KeyInUseError: a stored value still needs another key.
    """
    needing = count_needing_old_keys(keys[0])
    if needing:
        raise KeyInUseError(needing)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lets one rotation of the key file run at a time: two would each forget the other's key.

    Raises:
        PreconditionFailed: another one is running.
    """
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, _MODE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PreconditionFailed("another rotation of the keys is running") from None
        yield
    finally:
        os.close(descriptor)  # which ends the lock, as the end of the process would


def rotate_key_file(path: Path, *, make_key: bool, drop_old: bool, batch_size: int) -> Rotation:
    """Puts a new key first in the key file, encrypts everything with it, and may drop the others.

    The file has the new key before anything is encrypted with it, and loses the old ones after
    everything was: stopped at any point, every value can be read, and it may be run again.

    Raises:
        UnreadableValueError: some values fit no key; all others were done, no key was dropped.
        PreconditionFailed: another rotation is running.
        ImproperlyConfigured: the key file is not as it must be.
    """
    with _locked(path):
        keys = read_key_file(path)
        if make_key:
            keys = [new_key(), *keys]
            write_keys(path, keys)
        result = reencrypt_all(keys, batch_size=batch_size)
        dropped = drop_old_keys(path, keys) if drop_old else 0
    return Rotation(
        reencrypted=result.reencrypted, unchanged=result.unchanged, dropped_keys=dropped
    )
