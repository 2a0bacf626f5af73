"""Reads the bodies of Bitbucket's deliveries. Pure and total.

Like ``bitbucket.parse``: HostUnavailable for every shape that Bitbucket does not send.
"""

from sentry.integrations.bitbucket.parse import commit_of, repository_of
from sentry.integrations.bitbucket.parse_pulls import pull_of
from sentry.integrations.source_code_management.json_reader import Json, JsonObject, as_object
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushedCommit,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookEvent,
)

_BRANCHES = frozenset({"branch", "named_branch"})
_PULLS = frozenset(
    {
        "pullrequest:created",
        "pullrequest:updated",
        "pullrequest:fulfilled",
        "pullrequest:rejected",
    }
)
_CHANGED = frozenset({"repo:updated", "repo:transfer"})


def parse_delivery(event: str, value: Json) -> list[WebhookEvent]:
    """What a delivery of an event (``X-Event-Key``) tells; nothing for those not followed."""
    if event != "repo:push" and event not in _PULLS | _CHANGED | {"repo:deleted"}:
        return []
    body = as_object(value, "delivery")
    repository = body.object("repository")
    if event == "repo:push":
        changes = body.object("push").objects("changes")
        pushes = [_push(change, repository.text("uuid")) for change in changes]
        return [push for push in pushes if push is not None]
    if event in _PULLS:
        pull = pull_of(body.object("pullrequest"))
        when = body.object("pullrequest").optional_time("updated_on")
        return [
            PullRequestEvent(
                repository_id=repository.text("uuid"), pull_request=pull, updated_at=when
            )
        ]
    if event in _CHANGED:
        when = repository.optional_time("updated_on")
        return [RepositoryChangedEvent(repository=repository_of(repository), updated_at=when)]
    return [RepositoryDeletedEvent(repository_id=repository.text("uuid"))]


def _push(change: JsonObject, repository_id: str) -> PushEvent | None:
    """A change of a branch; None for one of a tag.

    The commits come newest first, at most five of them, and ``truncated`` where there are more.
    """
    old, new = change.optional_object("old"), change.optional_object("new")
    ref = new or old
    if ref is None or ref.text("type") not in _BRANCHES:
        return None
    listed = [] if change.get("commits") is None else change.objects("commits")
    is_whole = new is None or "commits" in change
    return PushEvent(
        repository_id=repository_id,
        branch=ref.text("name"),
        before=_tip(old),
        after=_tip(new),
        commits=tuple(PushedCommit(commit=commit_of(item)) for item in reversed(listed)),
        is_complete=is_whole and not change.optional_boolean("truncated"),
    )


def _tip(ref: JsonObject | None) -> str:
    return ref.object("target").text("hash") if ref else ""
