"""Reads what Bitbucket answers of pull requests and webhooks. Pure and total.

Like ``parse``: HostUnavailable for every shape that the published description does not allow.
"""

from dataclasses import dataclass

from sentry.integrations.bitbucket.parse import account_of, link_of, values_of
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    unexpected,
)
from sentry.integrations.source_code_management.types import PullRequestInfo, PullRequestState

_STATES = {
    "OPEN": PullRequestState.OPEN,
    "MERGED": PullRequestState.MERGED,
    "DECLINED": PullRequestState.CLOSED,
    "SUPERSEDED": PullRequestState.CLOSED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A webhook's registration."""

    uuid: str
    url: str


def parse_pull_numbers(value: Json) -> list[int]:
    """A page of a commit's pull requests, which holds little more than their numbers."""
    return [item.integer("id") for item in values_of(value, "pull requests")]


def parse_pull(value: Json) -> PullRequestInfo:
    """One pull request."""
    return pull_of(as_object(value, "pull request"))


def pull_of(item: JsonObject) -> PullRequestInfo:
    """A pull request where it stands in an answer or in a delivery.

    Bitbucket shows commits by their first twelve digits here, and no time of the merge.
    """
    state = _STATES.get(item.text("state"))
    if state is None:
        raise unexpected(item.path("state"))
    author = item.optional_object("author")
    source = item.optional_object("source")
    return PullRequestInfo(
        key=str(item.integer("id")),
        title=item.text("title"),
        description=item.optional_text("description") or "",
        state=state,
        author=account_of(author) if author else None,
        head_branch=_branch(source),
        base_branch=_branch(item.optional_object("destination")),
        head_sha=_sha(source, "commit"),
        merge_sha=_sha(item, "merge_commit"),
        web_url=link_of(item, "html"),
        created_at=item.optional_time("created_on"),
    )


def _branch(side: JsonObject | None) -> str:
    branch = side.optional_object("branch") if side else None
    return (branch.optional_text("name") if branch else None) or ""


def _sha(item: JsonObject | None, name: str) -> str:
    commit = item.optional_object(name) if item else None
    return (commit.optional_text("hash") if commit else None) or ""


def parse_hooks(value: Json) -> list[Hook]:
    """A page of a repository's webhooks."""
    return [_hook(item) for item in values_of(value, "hooks")]


def parse_hook(value: Json) -> Hook:
    """One webhook."""
    return _hook(as_object(value, "hook"))


def _hook(item: JsonObject) -> Hook:
    return Hook(uuid=item.text("uuid"), url=item.optional_text("url") or "")
