"""What a task needs: how it is declared, how it finishes, how it asks for another try."""

from sentry.taskqueue.errors import Retry
from sentry.taskqueue.running import completing
from sentry.taskqueue.task import Task, instrumented_task

__all__ = ["Retry", "Task", "completing", "instrumented_task"]
