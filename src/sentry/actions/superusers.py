"""Superusers: whoever takes rights from a user keeps their own, so one always stays."""

from django.db import transaction

from sentry import models
from sentry.actions.sessions import set_active
from sentry.integrations.source_code_management.errors import PreconditionFailed


def check_may_take(*, user_id: int, by: int) -> None:
    """Asks whether one user may disable another or take their rights, inside a transaction.

    Both rows are locked until it ends: of two who disable each other at once, one stays.

    Raises:
        PreconditionFailed: it is the same user, or who asks is no active superuser any more.
    """
    if user_id == by:
        raise PreconditionFailed(
            "nobody disables themselves or gives up their own rights: another superuser does that"
        )
    rows = models.User.objects.select_for_update().filter(id__in=(user_id, by)).order_by("id")
    actor = {row.id: row for row in rows}.get(by)
    if actor is None or not (actor.is_active and actor.is_staff and actor.is_superuser):
        raise PreconditionFailed("you are no active superuser any more")


def disable(*, user_id: int, by: int) -> None:
    """Disables a user as another asked: their sessions end, their tokens are refused.

    Raises:
        PreconditionFailed: see ``check_may_take``.
        NotFound: there is no such user.
    """
    with transaction.atomic():
        check_may_take(user_id=user_id, by=by)
        set_active(user_id=user_id, is_active=False)
