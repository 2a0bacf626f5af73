"""The product's settings with one more task and one more view, for processes that get killed."""

from sentry.conf.settings import *  # noqa: F403

ROOT_URLCONF = "tests.sentry.runner.chaos_app"
TASK_MODULES = ["sentry.tasks", "tests.sentry.runner.chaos_app"]
