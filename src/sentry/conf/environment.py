"""Reads settings from the environment, with clear errors, and keeps generated keys in files."""

import ipaddress
import os
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def text(name: str, default: str = "") -> str:
    """The variable's value, or the default."""
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    """The variable as yes (1, true, on) or no (0, false, off).

    Raises:
        ImproperlyConfigured: it is neither.
    """
    value = os.environ.get(name)
    if value is None:
        return default
    words = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
    if value.lower() not in words:
        raise ImproperlyConfigured(f"{name}: expected 1 or 0, got {value!r}")
    return words[value.lower()]


def number(name: str, default: int, *, low: int, high: int) -> int:
    """The variable as a whole number within bounds.

    Raises:
        ImproperlyConfigured: it is none, or out of bounds.
    """
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name}: expected a number from {low} to {high}, got {value!r}")
    return int(value)


def origin(name: str, url: str) -> str:
    """The scheme, host and port of a variable's URL: what browsers call its origin.

    Raises:
        ImproperlyConfigured: it is no HTTP address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ImproperlyConfigured(f"{name}: expected http(s)://host[:port], got {url!r}")
    return f"{parts.scheme}://{parts.netloc}"


def words(name: str, default: str = "") -> list[str]:
    """The variable as a list, split at commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def networks(name: str, default: str = "") -> list[Network]:
    """The variable as a list of addresses and networks (CIDR), split at commas.

    Raises:
        ImproperlyConfigured: one of them is none.
    """
    try:
        return [ipaddress.ip_network(word) for word in words(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def choice(name: str, default: str, *, among: Collection[str]) -> str:
    """The variable as one of a few words, in upper case.

    Raises:
        ImproperlyConfigured: it is none of them.
    """
    value = os.environ.get(name, default).upper()
    if value not in among:
        raise ImproperlyConfigured(f"{name}: expected one of {', '.join(among)}, got {value!r}")
    return value


def key_file(path: Path, generate: Callable[[], str]) -> list[str]:
    """The lines of a key file of mode 600; a new one with one generated key where there is none.

    Of several processes that start at once, one makes the file and all read it whole.

    Raises:
        ImproperlyConfigured: the file is readable by others, or empty, or cannot be made or read.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_key_file(path, generate())
        return read_key_file(path)
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be used: {error.strerror}") from error


def _make_key_file(path: Path, key: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(key + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # another process was first: its key counts
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()


def read_key_file(path: Path) -> list[str]:
    """The keys in a file, newest first.

    Raises:
        ImproperlyConfigured: the file is readable by others, or holds no key.
        OSError: it cannot be read.
    """
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise ImproperlyConfigured(f"{path} has mode {mode:o}: only its owner may read it (600)")
    keys = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    if not keys:
        raise ImproperlyConfigured(f"{path} holds no key")
    return keys
