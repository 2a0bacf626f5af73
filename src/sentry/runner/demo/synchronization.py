"""Reading the host's repositories in the background, and the integration that does it."""

import time

from sentry.runner.demo.report import Report
from sentry.runner.demo.setting import Setting
from sentry_scm_client import ScmClient, SyncJob, scm_pb2

_PATIENCE = 60.0
_PAUSE = 0.2
_UNDER_WAY = (scm_pb2.SYNC_JOB_STATE_WAITING, scm_pb2.SYNC_JOB_STATE_RUNNING)


def start_sync(client: ScmClient, setting: Setting, report: Report) -> SyncJob:
    """Finds the integration and starts a synchronization, which is answered at once."""
    report.heading("ListIntegrations")
    found = client.list_integrations(setting.organization_id).integrations
    ids = [item.id for item in found]
    report.fact("integrations", ids, [setting.integration_id])
    provider = scm_pb2.Provider.Name(found[0].provider)
    report.fact("provider", provider, scm_pb2.Provider.Name(setting.host.provider))
    report.heading("SyncRepositories")
    job = client.sync_repositories(setting.integration_id)
    report.fact("of integration", job.integration_id, setting.integration_id)
    return job


def end_sync(client: ScmClient, job: SyncJob, report: Report) -> None:
    """Asks until the job has ended; the operator's command had stored the repository before."""
    report.heading(f"GetSyncJob: {job.id}")
    until = time.monotonic() + _PATIENCE
    while job.state in _UNDER_WAY and time.monotonic() < until:
        time.sleep(_PAUSE)
        job = client.get_sync_job(job.id)
    ended = scm_pb2.SyncJobState.Name(job.state)
    report.fact("state", ended, scm_pb2.SyncJobState.Name(scm_pb2.SYNC_JOB_STATE_SUCCEEDED))
    counts = (job.created, job.updated, job.unchanged, job.skipped)
    report.fact("created, updated, unchanged, skipped", counts, (0, 0, 1, 0))
