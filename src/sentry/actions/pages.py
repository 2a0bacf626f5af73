"""Pages of rows in the order of one unique column (keyset): what lists are made of."""

from collections.abc import Callable, Sequence

from django.db.models import Model, QuerySet

from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.types import Page
from sentry.integrations.source_code_management.validation import clean_page_size

MOST = 100


def page_of[M: Model, T](
    rows: QuerySet[M],
    convert: Callable[[M], T],
    *,
    order: str,
    bound: Sequence[object],
    page_size: int,
    page_token: str,
) -> Page[T]:
    """One page of rows, as values.

    Args:
        rows: what is listed, filtered by the caller's organization.
        convert: from a row to the value.
        order: the column that orders them; no two of the rows share a value of it.
        bound: what the query is; a token of another one is refused.
        page_size: 0 for 100; at most 100.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    size = clean_page_size(page_size, default=MOST, most=MOST)
    after = decode_page_token(bound, page_token)
    if after is not None:
        rows = rows.filter(**{f"{order}__gt": after[0]})
    found = list(rows.order_by(order)[: size + 1])
    more = len(found) > size
    return Page(
        items=tuple(convert(row) for row in found[:size]),
        next_token=encode_page_token(bound, [getattr(found[size - 1], order)]) if more else "",
    )
