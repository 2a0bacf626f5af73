"""What holds for every test of the platform. The run itself is set up in ``sentry.testutils``."""

from collections.abc import Iterator

import pytest

from sentry.testutils.guard import transactions_stay_inside


@pytest.fixture(autouse=True)
def _transactions_stay_inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with transactions_stay_inside(monkeypatch):
        yield
