"""A task with an effect that can be counted, and what starts it: a view, and a program.

``python -m tests.sentry.runner.chaos_app FIRST COUNT`` makes so many by itself.
"""

import sys

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from sentry.runner import configure

configure()

from sentry.models import Group  # noqa: E402
from sentry.tasks.base import completing, instrumented_task  # noqa: E402

PROJECT = 7


@instrumented_task(
    name="tests.record_effect", queue="chaos", max_retries=20, default_retry_delay=0, time_limit=1
)
def record_effect(number: int) -> None:
    """Its effect is a row; nothing in the table keeps a second one out."""
    with completing():
        Group(project_id=PROJECT, title=f"effect-{number}").save()


@instrumented_task(
    name="tests.get_stuck", queue="chaos", max_retries=0, default_retry_delay=0, time_limit=0.5
)
def get_stuck() -> None:
    """Is in C code for hours, where no signal's handler runs and no other thread gets its turn."""
    sum(range(10**14))


def make(number: int) -> None:
    """Makes a row and the task that belongs to it, together."""
    with transaction.atomic():
        Group(project_id=PROJECT, title=f"made-{number}").save()
        record_effect.delay(number)


def view(_request: HttpRequest, number: int) -> HttpResponse:
    make(number)
    return HttpResponse(status=201)


urlpatterns = [path("make/<int:number>", view)]

if __name__ == "__main__":
    first, count = map(int, sys.argv[1:])
    for each in range(first, first + count):
        make(each)
