"""Searching code with the host's own index."""

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.repository import CodeSearchIntegration
from sentry.integrations.source_code_management.types import Capability, CodeMatch, Page
from sentry.integrations.source_code_management.validation import clean_page_size, clean_text

_PAGE = 30
_MAX_PAGE = 100
_MAX_QUERY = 200


def search_code(
    caller: Caller, *, repository_id: int, query: str, page_size: int = 0, page_token: str = ""
) -> Page[CodeMatch]:
    """The files of a repository that hold the words, as far as the host has indexed them.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        query: words, at most 200 characters.
        page_size: 0 for 30; at most 100.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: no such repository.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_text("query", query, max_length=_MAX_QUERY, required=True)
    size = clean_page_size(page_size, default=_PAGE, most=_MAX_PAGE)
    repository = find_repository(caller, repository_id)
    bound = ("code", repository.organization_id, repository_id, query, size)
    after = decode_page_token(bound, page_token)
    installation = installation_of_repository(caller, repository)
    host = require(installation, CodeSearchIntegration, Capability.CODE_SEARCH)
    page = 1 if after is None else int(after[0])
    found, more = host.search_code(ref_of(repository), query=query, page=page, per_page=size)
    return Page(items=tuple(found), next_token=encode_page_token(bound, [page + 1]) if more else "")
