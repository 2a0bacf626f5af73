"""What building a request and paging need in both clients."""

from .errors import Internal
from .scm_pb2 import GetCapabilitiesRequest


def capabilities_request(
    repository_id: int | None, integration_id: int | None
) -> GetCapabilitiesRequest:
    """Ask for exactly one of the two. Raises ValueError for none and for both."""
    if (repository_id is None) == (integration_id is None):
        raise ValueError("give repository_id= or integration_id=, one of the two")
    if repository_id is not None:
        return GetCapabilitiesRequest(repository_id=repository_id)
    return GetCapabilitiesRequest(integration_id=integration_id or 0)


def next_token(current: str, following: str) -> str:
    """The token of the next page; empty: there is none.

    Raises Internal where the server repeats a token, which would page for ever.
    """
    if following and following == current:
        raise Internal("the server answered the same page token again")
    return following
