"""The product's settings, and one more view beside its own: the yardstick."""

from sentry.conf.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.yardstick"
