"""The product's settings, and the tasks that are measured."""

from sentry.conf.settings import *  # noqa: F403

TASK_MODULES = ["sentry.tasks", "benchmarks.task_jobs"]
