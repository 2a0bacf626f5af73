"""Commits as JSON."""

from datetime import datetime
from typing import TypedDict

from sentry.api.serializers.base import PlainSerializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.types import AuthorInfo, Commit


class AuthorResponse(TypedDict):
    """A commit's author as the commit names them."""

    name: str
    email: str


class CommitResponse(TypedDict):
    """A commit; ``id`` is its full sha, ``dateCreated`` the committer's time.

    ``pullRequest`` and ``suspectCommitType`` are empty: the platform does not keep them yet.
    """

    id: str
    message: str
    dateCreated: datetime
    pullRequest: dict[str, str] | None
    suspectCommitType: str
    author: AuthorResponse | None


class CommitSerializer(PlainSerializer[Commit, CommitResponse]):
    """A commit in a list."""

    def render(self, obj: Commit, user: Caller) -> CommitResponse:
        """See ``CommitResponse``."""
        return {
            "id": obj.sha,
            "message": obj.message,
            "dateCreated": obj.committed_at,
            "pullRequest": None,
            "suspectCommitType": "",
            "author": _author(obj.author),
        }


def _author(author: AuthorInfo | None) -> AuthorResponse | None:
    return None if author is None else {"name": author.name, "email": author.email}
