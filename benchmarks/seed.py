"""The data that is measured: 500,000 repositories of one organization in a SQLite file.

Made once into the ignored folder ``.bench/`` and not timed. The folder's name holds a hash of what
the data depends on, so that a changed migration makes new data.
"""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
REPOSITORIES = 500_000
BATCH = 5_000
SIGNING_ID = "bench"
SIGNING_SECRET = "a secret that signs benchmarks only"
WORDS = tuple(
    re.findall(
        r"\w+",
        "account audit billing browser cache catalog checkout client cluster config "
        "console core customer dashboard data delivery deploy docs edge engine event "
        "export feature feed file finance gateway graph health image import index ingest "
        "inventory invoice job kernel ledger library login mail market media metrics "
        "mobile monitor notify order partner payment pipeline policy portal price product "
        "profile proxy queue quota region report router runtime schema search session "
        "shipping signal site sketch status storage stream support sync tenant ticket "
        "token tools tracker upload vault video web worker ",
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """What the measurements need to know about the data."""

    home: Path
    organization_id: int
    organization_slug: str
    repository_id: int
    api_key: str = field(repr=False)


def environment(home: Path) -> dict[str, str]:
    """The variables under which everything is measured: the limit is on, and never reached."""
    secrets = [
        {
            "id": SIGNING_ID,
            "secrets": [SIGNING_SECRET],
            "scopes": ["repository:read"],
            "organizations": "*",
        }
    ]
    return {
        "SENTRY_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "SENTRY_OPTION_RATELIMIT_REQUESTS_PER_MINUTE": "100000000",
        "SCM_SHARED_SECRETS": json.dumps(secrets),
        "SENTRY_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(TOP),
    }


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for migration in sorted((TOP / "src/sentry/migrations").glob("0*.py")):
        digest.update(migration.read_bytes())
    return digest.hexdigest()[:16]


def seeded() -> Seed:
    """The data, made now if it is not there."""
    home = TOP / ".bench" / _fingerprint()
    if not (home / "seed.json").exists():
        print(f"seeding {REPOSITORIES:,} repositories, once", file=sys.stderr)
        for stale in (TOP / ".bench").glob("*"):
            shutil.rmtree(stale)
        home.mkdir(parents=True, mode=0o700)
        command = [sys.executable, "-m", "benchmarks.seed", str(home)]
        subprocess.run(command, check=True, cwd=TOP, env={**os.environ, **environment(home)})
    facts = json.loads((home / "seed.json").read_text(encoding="utf-8"))
    return Seed(home=home, **facts)


def names() -> Iterator[str]:
    """Names as an organization has them: team/word-word-number, each once, the same every time."""
    chooser = random.Random(1)
    for number in range(REPOSITORIES):
        words = "-".join(chooser.choices(WORDS, k=2))
        yield f"{chooser.choice(WORDS)}-team/{words}-{number}"


def make(home: Path) -> None:
    """Fills a new installation; runs in a process of its own."""
    from sentry.runner import configure

    configure()
    from django.core.management import call_command

    from sentry.models import ApiKey, Organization

    call_command("migrate", verbosity=0)
    organization = Organization.objects.create(name="Bench", slug="bench")
    scopes = ["repository:read", "org:read"]
    _, token = ApiKey.objects.create_with_token(
        organization_id=organization.pk, scope_list=scopes, label="bench"
    )
    seed = Seed(
        home=home,
        organization_id=organization.pk,
        organization_slug=organization.slug,
        repository_id=_fill(organization.pk),
        api_key=token,
    )
    _finish()
    facts = {key: value for key, value in asdict(seed).items() if key != "home"}
    target = home / "seed.json"
    target.touch(mode=0o600)
    target.write_text(json.dumps(facts), encoding="utf-8")


def _fill(organization_id: int) -> int:
    """Makes the repositories in one transaction; the id of one in their middle."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")  # what a crash breaks is made anew
        cursor.execute("PRAGMA cache_size=-400000")
    with transaction.atomic():
        return _make_repositories(organization_id)


def _make_repositories(organization_id: int) -> int:
    from sentry.models import Repository

    batch: list[Repository] = []
    chosen = 0
    for number, name in enumerate(names(), start=1):
        batch.append(
            Repository(
                organization_id=organization_id,
                name=name,
                url=f"https://github.com/{name}",
                provider="integrations:github",
                external_id=str(number),
                config={"default_branch": "main"},
            )
        )
        if len(batch) == BATCH:
            Repository.objects.bulk_create(batch)
            chosen = batch[0].pk if number == REPOSITORIES // 2 else chosen
            batch.clear()
    return chosen


def _finish() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
