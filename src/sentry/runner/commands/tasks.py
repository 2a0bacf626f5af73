"""``sentry tasks``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import PlatformCommand, RowId, examples, json_option
from sentry.runner.output import show_list


@click.group(epilog=examples("sentry tasks failed", "sentry tasks retry --all"))
def tasks() -> None:
    """See the background work that waits, and try again what failed."""


@tasks.command("queues", cls=PlatformCommand, epilog=examples("sentry tasks queues"))
@json_option
def queues(*, as_json: bool) -> None:
    """List the queues: tasks that are pending and failed, and how long the oldest waits."""
    from sentry.actions.tasks import queue_depths

    show_list(queue_depths(), ["queue", "pending", "failed", "oldest_wait"], as_json=as_json)


@tasks.command("failed", cls=PlatformCommand, epilog=examples("sentry tasks failed --limit 20"))
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 1000),
    metavar="N",
    help="At most so many.",
)
@json_option
def failed(*, limit: int, as_json: bool) -> None:
    """List the tasks that failed for good, the newest first. The log says why."""
    from sentry.actions.tasks import list_failed_tasks

    columns = ["id", "name", "attempts", "error", "date_failed", "request_id"]
    show_list(list_failed_tasks(limit=limit), columns, as_json=as_json)


@tasks.command(
    "retry",
    cls=PlatformCommand,
    epilog=examples(
        "sentry tasks retry 17", "sentry tasks retry --all --name sentry.tasks.delete_repository"
    ),
)
@click.argument("task_id", metavar="[ID]", required=False, type=RowId())
@click.option("--all", "is_all", is_flag=True, help="All that failed, instead of one ID.")
@click.option("--name", metavar="NAME", help="With --all: only those of this task.")
def retry(*, task_id: int | None, is_all: bool, name: str | None) -> None:
    """Start the failed task with this ID anew, or all of them."""
    from sentry.actions.tasks import retry_failed_task, retry_failed_tasks

    if is_all is (task_id is not None) or (name is not None and not is_all):
        raise click.UsageError("give one ID, or --all with or without --name")
    if task_id is None:
        click.echo(f"started {retry_failed_tasks(name=name)} tasks anew")
    else:
        retry_failed_task(task_id)
        click.echo(f"started task {task_id} anew")
