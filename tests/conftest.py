"""What holds for every test of the platform. The run itself is set up in ``sentry.testutils``."""

from collections.abc import Iterator

import pytest

from sentry.auth.cache import caller_cache
from sentry.testutils.guard import transactions_stay_inside


@pytest.fixture(autouse=True)
def _transactions_stay_inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with transactions_stay_inside(monkeypatch):
        yield


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """A process remembers callers, leases, options and flags; rows of another test may have had the same ids.

    What needs the models is imported here, when they are loaded.
    """
    from sentry import features, options
    from sentry.auth.ratelimit import limiter
    from sentry.integrations.source_code_management.actions.shared_blame import allowance

    options.manager.apply_stored({})
    features.manager.apply_stored({})
    caller_cache.clear()
    limiter.forget()
    allowance.forget()
