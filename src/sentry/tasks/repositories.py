"""Work on repositories."""

from sentry.actions.operator import operator_in
from sentry.integrations.source_code_management.actions.deletion import (
    delete_contents,
    delete_row,
    schedule_deletion,
    schedule_left_deletions,
)
from sentry.integrations.source_code_management.actions.sync_jobs import run_sync
from sentry.silo import SiloMode
from sentry.tasks.base import completing, instrumented_task


@instrumented_task(
    name="sentry.tasks.delete_repository",
    queue="deletion",
    max_retries=5,
    default_retry_delay=60,
    silo_mode=SiloMode.REGION,
)
def delete_repository(organization_id: int, repository_id: int) -> None:
    """Deletes a repository that is marked, with its commits and code mappings.

    Commits go in batches of their own; a large repository takes several runs.
    """
    where = {"organization_id": organization_id, "repository_id": repository_id}
    is_empty = delete_contents(**where)
    with completing():
        if is_empty:
            delete_row(**where)
        else:
            schedule_deletion(**where)


@instrumented_task(
    name="sentry.tasks.sweep_deletions",
    queue="maintenance",
    max_retries=1,
    default_retry_delay=60,
    silo_mode=SiloMode.REGION,
)
def sweep_deletions() -> None:
    """Starts the deletion of marked repositories that have no task. Twice does no harm."""
    schedule_left_deletions()


@instrumented_task(
    name="sentry.tasks.sync_repositories",
    queue="sync",
    max_retries=3,
    default_retry_delay=30,
    silo_mode=SiloMode.REGION,
    time_limit=3600,
)
def sync_repositories(organization_id: int, sync_job_id: int) -> None:
    """Reads all repositories of an integration, page by page. Running it again does no harm."""
    run_sync(operator_in(organization_id), sync_job_id=sync_job_id)
