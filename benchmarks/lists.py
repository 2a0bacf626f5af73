"""How many more statements a long page of a REST list takes than a short one."""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from benchmarks import seed
from benchmarks.report import Figure, exactly

if TYPE_CHECKING:
    from sentry.testutils.lists import ListedRows

FEW, MANY = 2, 100
LISTS = 15


def _counts(rows: "ListedRows") -> Iterator[int]:
    """The statements of every list, as the owner and as a member with teams reads it."""
    from sentry.api.urls import ENDPOINTS
    from sentry.testutils.lists import read_list

    for client in rows.clients():
        for route, endpoint in ENDPOINTS:
            reading = read_list(client, rows.path_of(route)) if "get" in dir(endpoint) else None
            if reading is not None:
                yield len(reading.statements)


def rest_lists(data: seed.Seed) -> Iterable[Figure]:
    """The maximum over all lists, with 2 items and with 100; what is made for it is undone."""
    os.environ.update(seed.environment(data.home))
    from sentry.runner import configure

    configure()
    from django.conf import settings
    from django.db import transaction

    from sentry.testutils.lists import ListedRows

    settings.ALLOWED_HOSTS = ["*"]  # the client calls the host "testserver"
    with transaction.atomic():
        rows = ListedRows()
        rows.add(FEW)
        short = list(_counts(rows))
        rows.add(MANY - FEW)
        long = list(_counts(rows))
        transaction.set_rollback(True)
    spread = max(after - before for before, after in zip(short, long, strict=True))
    unit, invalid = "statements", "" if len(long) > LISTS else f"only {len(long)} lists were read"
    yield Figure(
        name="rest_list_sql_spread", value=spread, unit=unit, bar=exactly(0), invalid=invalid
    )
    yield Figure(name="rest_list_sql_most", value=max(long), unit=unit)
