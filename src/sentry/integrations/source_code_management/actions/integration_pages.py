"""Integrations in pages, as lists of them are answered."""

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.integrations import (
    InstalledIntegration,
    list_integrations,
)
from sentry.integrations.source_code_management.actions.rows import check_organization
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.types import Page, ProviderKey
from sentry.integrations.source_code_management.validation import clean_page_size

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000


def list_integration_page(
    caller: Caller,
    *,
    organization_id: int = 0,
    provider: ProviderKey | None = None,
    page_size: int = 0,
    page_token: str = "",
) -> Page[InstalledIntegration]:
    """The integrations of the caller's organization, ordered by (name, id). Asks no host.

    An organization has few of them: all are read, and cut here.

    Args:
        caller: who asks.
        organization_id: the caller's own, or 0 for it.
        provider: only those of this kind of host.
        page_size: 0 for 100; at most 1,000.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: the organization is not the caller's.
    """
    size = clean_page_size(page_size, default=DEFAULT_PAGE_SIZE, most=MAX_PAGE_SIZE)
    organization_id = check_organization(caller, organization_id)
    bound = ("integrations", organization_id, provider)
    after = decode_page_token(bound, page_token)
    every = sorted(
        list_integrations(caller, provider=provider), key=lambda each: (each.name, each.id)
    )
    if after is not None:
        every = [each for each in every if (each.name, each.id) > (after[0], after[1])]
    items = tuple(every[:size])
    more = len(every) > size
    token = encode_page_token(bound, [items[-1].name, items[-1].id]) if more else ""
    return Page(items=items, next_token=token)
