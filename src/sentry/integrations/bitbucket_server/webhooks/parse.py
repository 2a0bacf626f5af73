"""Reads the bodies of deliveries. Pure and total."""

from datetime import datetime

from sentry.integrations.bitbucket_server.endpoints import Endpoints
from sentry.integrations.bitbucket_server.parse import (
    parse_moment,
    parse_pull_request,
    parse_repository,
    parse_repository_id,
    parse_self_link,
)
from sentry.integrations.source_code_management.json_reader import Json, JsonObject, as_object
from sentry.integrations.source_code_management.types import RepositoryInfo
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    WebhookEvent,
)

_PULL_REQUESTS = frozenset(
    {
        "pr:opened",
        "pr:modified",
        "pr:from_ref_updated",
        "pr:to_ref_updated",
        "pr:merged",
        "pr:declined",
        "pr:deleted",
    }
)


def parse_delivery(event: str, value: Json) -> list[WebhookEvent]:
    """What a delivery tells; nothing for a ping (``diagnostics:ping``) and for other events.

    Raises:
        HostUnavailable: the body is not what the host sends.
    """
    if event == "repo:refs_changed":
        return _pushes(as_object(value, "push"))
    if event == "repo:modified":
        return [_renamed(as_object(value, "delivery"))]
    if event in _PULL_REQUESTS:
        return [_pull_request(as_object(value, "delivery").object("pullRequest"))]
    return []


def _pushes(body: JsonObject) -> list[WebhookEvent]:
    """One push for each branch; tags are passed over."""
    repository_id = parse_repository_id(body.object("repository"))
    return [
        _push(repository_id, change)
        for change in body.objects("changes")
        if change.object("ref").text("type") == "BRANCH"
    ]


def _push(repository_id: str, change: JsonObject) -> PushEvent:
    """The branch and its two tips; the commits between them are not sent."""
    after = _tip(change, "toHash")
    ref = change.object("ref")
    name = ref.optional_text("displayId") or ref.text("id").removeprefix("refs/heads/")
    return PushEvent(
        repository_id=repository_id,
        branch=name,
        before=_tip(change, "fromHash"),
        after=after,
        commits=(),
        is_complete=not after,  # a branch that went brought nothing
    )


def _tip(change: JsonObject, name: str) -> str:
    """A commit's id; "" for the zeros that stand for none."""
    sha = change.text(name)
    return sha if sha.strip("0") else ""


def _renamed(body: JsonObject) -> RepositoryChangedEvent:
    """The repository as it is now; its page is the one that the host itself names."""
    item = body.object("new")
    told = parse_repository(dict(item.fields), Endpoints(server="", web=""))
    page = parse_self_link(item).removesuffix("/browse")
    return RepositoryChangedEvent(
        repository=RepositoryInfo(
            name=told.name, identifier=told.identifier, external_id=told.external_id, url=page
        ),
        updated_at=_moment(body, "date"),
    )


def _pull_request(item: JsonObject) -> PullRequestEvent:
    """A pull request of the repository that it is to be merged into."""
    return PullRequestEvent(
        repository_id=parse_repository_id(item.object("toRef").object("repository")),
        pull_request=parse_pull_request(item, ""),
        updated_at=_moment(item, "updatedDate"),
    )


def _moment(item: JsonObject, name: str) -> datetime | None:
    return None if item.get(name) is None else parse_moment(item, name)
