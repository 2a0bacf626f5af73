"""Forgets remembered callers when a credential or a membership changes in this process."""

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from sentry.auth.cache import caller_cache
from sentry.models.apikey import ApiKey
from sentry.models.apitoken import ApiToken
from sentry.models.organizationmember import OrganizationMember
from sentry.models.orgauthtoken import OrgAuthToken
from sentry.models.user import User


def forget_callers(**_: object) -> None:
    """Forgets them now and at the commit; for what changes rows without a signal, too."""
    caller_cache.clear()
    # until the commit, another thread may still read, and remember, what was there before
    transaction.on_commit(caller_cache.clear)


def connect() -> None:
    """Connects the signals; called once when the application is ready."""
    for model in (ApiKey, ApiToken, OrgAuthToken, OrganizationMember, User):
        for signal in (post_save, post_delete):
            signal.connect(
                forget_callers, sender=model, dispatch_uid=f"caller-cache-{model.__name__}"
            )
