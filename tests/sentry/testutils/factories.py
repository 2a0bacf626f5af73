"""Leads to ``sentry.testutils.factories``, which other packages' tests use too."""

from sentry.testutils.factories import Factories

__all__ = ["Factories"]
