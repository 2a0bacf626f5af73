"""The checks of ``sentry doctor``: what is wrong with an installation, and what to do."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from sentry import features, options
from sentry.actions.encryption_keys import count_unreadable
from sentry.actions.tasks import is_broker_reachable, is_scheduled, queue_depths
from sentry.auth.signature import MalformedSecretsError, parse_shared_secrets
from sentry.conf import home
from sentry.db.probe import check_connection
from sentry.integrations.source_code_management.actions.broken_integrations import (
    list_broken_integrations,
)
from sentry.integrations.source_code_management.mirror_git import OLDEST_GIT
from sentry.integrations.source_code_management.mirror_store import why_unsafe
from sentry.runner.check import Check, State
from sentry.runner.database import pending_migrations

_TIMEOUT = 5
_RECENT = 1_735_689_600  # 2025-01-01: ids count seconds from there, an earlier clock breaks them
_CLOCK_TOLERANCE = 5.0
_MOST_NAMED = 10
_TRIGGERS = {f"sentry_repository_search_{event}" for event in ("insert", "delete", "update")}


def _ok(name: str, text: str) -> Check:
    return Check(name=name, state=State.OK, text=text)


def _warn(name: str, text: str) -> Check:
    return Check(name=name, state=State.WARN, text=text)


def _fail(name: str, text: str) -> Check:
    return Check(name=name, state=State.FAIL, text=text)


def run_checks() -> Iterator[Check]:
    """Every check, in order. What needs a migrated database is left out where there is none."""
    yield from check_keys()
    database = check_database()
    yield database
    yield from check_database_file()
    if database.state is State.OK:
        for check in (
            check_migrations,
            check_stored_credentials,
            check_search,
            check_clock,
            check_background_work,
            check_integrations,
        ):
            yield _guarded(check)
    yield check_shared_secrets()
    yield check_redis()
    yield check_git()
    yield check_mirrors()
    yield check_allowed_hosts()
    yield check_features()
    yield check_options()


def _guarded(check: Callable[[], Check]) -> Check:
    """The check; a table or a column that it misses is told as one that fails."""
    try:
        return check()
    except DatabaseError:
        name = check.__name__.removeprefix("check_").replace("_", "-")
        return _fail(name, "the database is not up to date: run `sentry upgrade`")


def check_keys() -> Iterator[Check]:
    """Whether both keys are there, and only their owner can read their files."""
    for name, what, path in (
        ("SENTRY_SECRET_KEY", "secret-key", home.secret_key_file()),
        ("SENTRY_ENCRYPTION_KEYS", "encryption-keys", home.encryption_keys_file()),
    ):
        if os.environ.get(name):
            yield _ok(what, f"from {name}")
        else:
            yield _key_file(what, path)


def _key_file(what: str, path: Path) -> Check:
    # That it is there, readable and of mode 600 was a condition for the settings to load.
    if path.parent.stat().st_mode & 0o022:
        return _warn(what, f"others may write to {path.parent}: chmod 700 {path.parent}")
    return _ok(what, f"in {path}")


def check_database() -> Check:
    """Whether the database answers."""
    try:
        check_connection()
    except DatabaseError:
        return _fail(
            "database", f"{connection.vendor} does not answer: look at DATABASE_URL and the server"
        )
    return _ok("database", f"{connection.vendor} answers")


def check_database_file() -> Iterator[Check]:
    """Whether only its owner can read SQLite's files; nothing of another database."""
    name = str(connection.settings_dict["NAME"])
    main = Path(name)
    if connection.vendor != "sqlite" or not main.is_file():
        return
    files = (main, Path(f"{name}-wal"), Path(f"{name}-shm"))
    exposed = [str(file) for file in files if _others_may_read(file)]
    if exposed:
        words = " ".join(exposed)
        yield _warn("database-file", f"others may read the database: chmod 600 {words}")
    else:
        yield _ok("database-file", f"{name}, for its owner only")


def _others_may_read(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & 0o077)
    except FileNotFoundError:  # the -wal and -shm files come and go
        return False


def check_migrations() -> Check:
    """Whether every migration has run."""
    pending = pending_migrations()
    if pending:
        return _fail("migrations", f"{len(pending)} are yet to run: run `sentry upgrade`")
    return _ok("migrations", "all have run")


def check_stored_credentials() -> Check:
    """Whether every stored credential can be decrypted."""
    unreadable = count_unreadable(settings.ENCRYPTION_KEYS)
    if unreadable:
        return _fail(
            "stored-credentials",
            f"{unreadable} cannot be decrypted: restore the key that encrypted them",
        )
    return _ok("stored-credentials", "all can be decrypted")


def check_search() -> Check:
    """Whether the index for substrings of repository names is there."""
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        missing = _TRIGGERS - _names(query)
    else:
        query = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'sentry_repository_%%'"
        missing = {"sentry_repository_name_trgm"} - _names(query)
    if missing:
        return _fail("search", f"missing: {', '.join(sorted(missing))}; run `sentry upgrade`")
    return _ok("search", "the index of repository names is there")


def _names(query: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {str(row[0]) for row in cursor.fetchall()}


def check_clock() -> Check:
    """Whether the clock is plausible: ids and signed requests depend on it."""
    now = time.time()
    if now < _RECENT:
        return _fail("clock", "it stands before 2025: set the machine's clock")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
            away = abs(float(cursor.fetchone()[0]) - time.time())
        if away > _CLOCK_TOLERANCE:
            return _warn("clock", f"it differs from the database's by {away:.0f} s: use NTP")
    return _ok("clock", "plausible")


def check_background_work() -> Check:
    """Whether the broker answers, somebody does the work, and nothing was given up."""
    name = "background-work"
    try:
        is_reachable = is_broker_reachable()
    except ImproperlyConfigured as error:
        return _fail(name, str(error))
    if not is_reachable:
        return _fail(name, "the broker does not answer: look at SENTRY_TASK_BROKER and the server")
    failed = sum(depth.failed for depth in queue_depths())
    if failed:
        return _warn(name, f"tasks that were given up: {failed}; look at `sentry tasks failed`")
    if not is_scheduled():
        return _warn(name, "no process does it now: start the web server, or a worker and the beat")
    return _ok(name, "is done")


def check_integrations() -> Check:
    """Whether the hosts accept the credentials of all integrations."""
    broken = list_broken_integrations()
    if broken is None:
        return _ok("integrations", "not known here: run `sentry doctor` in the control silo")
    if not broken:
        return _ok("integrations", "no host is known to reject one")
    facts = [
        f"{each.provider} integration {each.id} of {each.organization}"
        f" since {each.since:%Y-%m-%d %H:%M} UTC: {each.reason}"
        for each in broken[:_MOST_NAMED]
    ]
    if more := len(broken) - len(facts):
        facts.append(f"and {more} more")
    return _warn(
        "integrations",
        f"{len(broken)} broken: {'; '.join(facts)};"
        " run `sentry integration update ID --organization SLUG` with another credential",
    )


def check_shared_secrets() -> Check:
    """Whether signed requests can be verified."""
    if not settings.SCM_SHARED_SECRETS:
        return _warn("shared-secrets", "SCM_SHARED_SECRETS is unset: signed requests are refused")
    try:
        services = parse_shared_secrets(settings.SCM_SHARED_SECRETS)
    except MalformedSecretsError as error:
        return _fail(
            "shared-secrets",
            f"SCM_SHARED_SECRETS: {error}; until then every signed request is refused",
        )
    return _ok("shared-secrets", f"well formed, of {len(services)} services")


def check_redis() -> Check:
    """Whether Redis answers, where it is configured."""
    if not settings.REDIS_URL:
        return _ok("redis", "not configured: nonces and rate limits are kept in the database")
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
        )
        client.ping()
    except ValueError:
        return _fail("redis", "REDIS_URL: expected redis://host:port/number")
    except redis.RedisError:
        return _fail("redis", "does not answer: look at REDIS_URL and the server")
    return _ok("redis", "answers")


def check_git() -> Check:
    """Whether git is there and new enough."""
    path = shutil.which("git")
    if path is None:
        return _fail("git", "not on the path: install git")
    found = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )
    version = found.stdout.strip().removeprefix("git version ")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if found.returncode or numbers < OLDEST_GIT:
        needed = ".".join(map(str, OLDEST_GIT))
        return _warn("git", f"version {version or 'unknown'}: mirrors need {needed} or newer")
    return _ok("git", f"version {version}")


def check_mirrors() -> Check:
    """Whether the folder of mirrors is this user's own."""
    root = Path(settings.SCM_MIRRORS_DIR)
    why = why_unsafe(root)
    if why:
        return _fail("mirrors", f"none is used: {why}")
    return _ok("mirrors", f"in {root}")


def check_allowed_hosts() -> Check:
    """Whether requests under any host name are served."""
    if "*" in settings.ALLOWED_HOSTS:
        return _warn("allowed-hosts", "every Host header is accepted: set SENTRY_ALLOWED_HOSTS")
    return _ok("allowed-hosts", ", ".join(settings.ALLOWED_HOSTS))


def check_features() -> Check:
    """Which flags are off."""
    off = [flag.name for flag in features.all_features() if not features.has(flag.name)]
    if off:
        return _warn("features", f"switched off: {', '.join(off)}")
    return _ok("features", "all are on")


def check_options() -> Check:
    """Whether every value that the database holds is one that an option takes."""
    count = len(options.all_options())
    ignored = options.manager.ignored
    if ignored:
        facts = "; ".join(f"{name}: {cause}" for name, cause in sorted(ignored.items()))
        return _warn("options", f"stored values are ignored: {facts}; `sentry config delete` them")
    return _ok("options", f"{count} registered, all values well formed")
