"""The machinery of background work: a row is the work, a message in a queue announces it.

``sentry.tasks`` declares the tasks; actions start one by its name (``task_named``).
"""

from sentry.taskqueue.registry import task_named
from sentry.taskqueue.running import completing

__all__ = ["completing", "task_named"]
