"""Synchronizing repositories in the background: a job is stored, a task does it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    require,
)
from sentry.integrations.source_code_management.actions.sync import SyncResult, sync_repositories
from sentry.integrations.source_code_management.effects import record_effect
from sentry.integrations.source_code_management.errors import (
    NotFound,
    Reason,
    RequestInFlight,
    ScmError,
)
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import Capability, SyncJobState
from sentry.integrations.source_code_management.validation import clean_id, clean_text
from sentry.models.syncjob import SyncJob as SyncJobRow
from sentry.models.syncjob import SyncJobStatus
from sentry.taskqueue import completing, task_named

TASK = "sentry.tasks.sync_repositories"
MAX_QUERY = 200
KEPT = timedelta(days=30)
_ACTIVE = (SyncJobStatus.WAITING, SyncJobStatus.RUNNING)
_STATES = {
    int(SyncJobStatus.WAITING): SyncJobState.WAITING,
    int(SyncJobStatus.RUNNING): SyncJobState.RUNNING,
    int(SyncJobStatus.SUCCEEDED): SyncJobState.SUCCEEDED,
    int(SyncJobStatus.FAILED): SyncJobState.FAILED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncFailure:
    """Why a job failed, and after how many seconds another makes sense (None: not known)."""

    reason: Reason
    message: str
    retry_after: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncJob:
    """A synchronization and what it did so far; ``failure`` is why it failed."""

    id: int
    organization_id: int
    integration_id: int
    state: SyncJobState
    result: SyncResult
    failure: SyncFailure | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def start_sync(caller: Caller, *, integration_id: int, query: str = "") -> SyncJob:
    """Stores a job and starts its task; while one like it waits or runs, that one is the answer.

    No host is asked here: what it refuses is told by the job.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        query: a part of the name, at most 200 characters; "" for all.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: the organization has no such integration.
        PreconditionFailed, Unsupported: it may not be used, or cannot list repositories.
    """
    clean_text("query", query, max_length=MAX_QUERY)
    installation = installation_of_integration(caller, integration_id)
    require(installation, RepositoryIntegration, Capability.REPOSITORIES)
    try:
        with transaction.atomic():
            row = SyncJobRow.objects.create(
                organization_id=caller.organization_id,
                integration_id=integration_id,
                query=query,
                expires_at=timezone.now() + KEPT,
            )
            return _started(row)
    except IntegrityError:
        with transaction.atomic():
            return _started(_active_one(caller, integration_id, query))


def get_sync_job(caller: Caller, *, sync_job_id: int) -> SyncJob:
    """A job of the caller's organization. Jobs are kept for 30 days.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: there is none.
    """
    row = SyncJobRow.objects.filter(
        id=clean_id("sync_job_id", sync_job_id), organization_id=caller.organization_id
    ).first()
    if row is None:
        raise NotFound("sync job")
    return _value(row)


def run_sync(caller: Caller, *, sync_job_id: int) -> None:
    """Does a job, as its task. May be broken off at any point and run again.

    What the host or the integration's state refuses ends the job; every other error is the
    task's.
    """
    rows = SyncJobRow.objects.filter(id=sync_job_id, organization_id=caller.organization_id)
    active = rows.filter(status__in=_ACTIVE)
    if not active.update(status=SyncJobStatus.RUNNING, started_at=timezone.now()):
        return
    row = rows.get()

    def tell(result: SyncResult) -> None:
        active.update(**asdict(result))

    end: dict[str, object] = {"status": SyncJobStatus.SUCCEEDED}
    try:
        sync_repositories(caller, integration_id=row.integration_id, query=row.query, on_page=tell)
    except ScmError as error:
        end = {"status": SyncJobStatus.FAILED, "error": _stored(error)}
    with completing():
        active.update(**end, finished_at=timezone.now())


def _started(row: SyncJobRow) -> SyncJob:
    """The job with its task, which is the only one for it."""
    task_named(TASK).apply_async((row.organization_id, row.id), key=f"sync:{row.id}")
    job = _value(row)
    record_effect(job)
    return job


def _active_one(caller: Caller, integration_id: int, query: str) -> SyncJobRow:
    row = SyncJobRow.objects.filter(
        organization_id=caller.organization_id,
        integration_id=integration_id,
        query=query,
        status__in=_ACTIVE,
    ).first()
    if row is None:  # it has ended between the two looks
        raise RequestInFlight(1.0)
    return row


def _value(row: SyncJobRow) -> SyncJob:
    return SyncJob(
        id=row.id,
        organization_id=row.organization_id,
        integration_id=row.integration_id,
        state=_STATES[row.status],
        result=SyncResult(
            created=row.created,
            updated=row.updated,
            unchanged=row.unchanged,
            skipped=row.skipped,
        ),
        failure=_failure(row.error),
        created_at=row.date_added,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _stored(error: ScmError) -> dict[str, object]:
    return {
        "reason": error.reason.value,
        "message": error.message,
        "retry_after": error.retry_after,
    }


def _failure(stored: Mapping[str, object] | None) -> SyncFailure | None:
    if stored is None:
        return None
    wait = stored["retry_after"]
    return SyncFailure(
        reason=Reason(str(stored["reason"])),
        message=str(stored["message"]),
        retry_after=float(wait) if isinstance(wait, int | float) else None,
    )
