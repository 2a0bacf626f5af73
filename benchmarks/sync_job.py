"""One synchronization, in a process of its own: ``python -m benchmarks.sync_job [URL]``.

Writes what it measured as JSON. With the URL of a host it makes an installation that uses it,
instead.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import processes
from benchmarks.sync_host import TOKEN

_TRANSACTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
_WARM_PAGES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a synchronization took: ``statements`` without those of transactions alone.

    ``growth_mb`` is how much more memory the process held at most than after its fifth page.
    """

    state: str
    created: int
    unchanged: int
    pages: int
    statements: int
    growth_mb: float
    seconds: float


@dataclass(kw_only=True, slots=True)
class _Watch:
    """Sees each statement: counts it, and takes the memory when the job's row tells of a page."""

    job_table: str
    statements: int = 0
    updates: int = 0
    resident: list[float] = field(default_factory=list)

    def __call__(
        self,
        execute: Callable[..., object],
        sql: str,
        params: Sequence[object],
        many: bool,
        context: dict[str, Any],
    ) -> object:
        answer = execute(sql, params, many, context)
        if not sql.startswith(_TRANSACTIONS):
            self.statements += 1
        if sql.startswith(f'UPDATE "{self.job_table}"'):
            self.updates += 1
            self.look()
        return answer

    def look(self) -> None:
        """Notes the memory that is held now."""
        self.resident.append(processes.usage(os.getpid()).rss_mb)

    def growth(self) -> float:
        """Of the most memory over what the fifth page left; the first update starts the job."""
        return max(self.resident[_WARM_PAGES:]) - self.resident[_WARM_PAGES]


def make(url: str) -> None:
    """Makes the installation, its organization and its integration."""
    from django.core.management import call_command

    from sentry.models import Integration, Organization, OrganizationIntegration

    call_command("migrate", verbosity=0)
    organization = Organization.objects.create(name="Bench", slug="bench")
    metadata = {"base_url": url, "web_url": url, "token": TOKEN}
    integration = Integration.objects.create(
        provider="github", external_id="bench", metadata=metadata
    )
    OrganizationIntegration.objects.create(organization_id=organization.pk, integration=integration)


def run() -> Measured:
    """Stores a job as the RPC does, and does it as its task does."""
    from django.db import connection

    from sentry.actions.operator import operator_in
    from sentry.integrations.source_code_management.actions import sync_jobs
    from sentry.models import OrganizationIntegration, SyncJob

    tie = OrganizationIntegration.objects.get()
    caller = operator_in(tie.organization_id)
    job = sync_jobs.start_sync(caller, integration_id=tie.integration_id)
    watch = _Watch(job_table=SyncJob._meta.db_table)
    start = time.perf_counter()
    with connection.execute_wrapper(watch):
        sync_jobs.run_sync(caller, sync_job_id=job.id)
    seconds = time.perf_counter() - start
    watch.look()
    done = sync_jobs.get_sync_job(caller, sync_job_id=job.id)
    return Measured(
        state=done.state.value,
        created=done.result.created,
        unchanged=done.result.unchanged,
        pages=watch.updates - 2,  # besides the first and the last, which tell the state
        statements=watch.statements,
        growth_mb=watch.growth(),
        seconds=seconds,
    )


def main(arguments: Sequence[str]) -> None:
    """Runs with the environment that the measurement gives."""
    from sentry.runner import configure

    configure()
    for url in arguments:
        make(url)
        return
    json.dump(asdict(run()), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
