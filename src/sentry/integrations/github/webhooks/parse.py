"""Reads the bodies of GitHub's deliveries. Pure and total, as ``parse``.

Shapes: GitHub's published description of its webhooks. What the platform does not follow (tags,
settings, new repositories and installations, pings) is nothing.
"""

from urllib.parse import urlsplit

from sentry.integrations.github.parse import parse_repository
from sentry.integrations.github.parse_reads import parse_pull_request
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_object,
    as_text,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    ChangeKind,
    CommitInfo,
    FileChange,
)
from sentry.integrations.source_code_management.webhooks import (
    CredentialChangedEvent,
    InstallationEvent,
    PullRequestEvent,
    PushedCommit,
    PushEvent,
    RepositoriesAddedEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookEvent,
)

_BRANCH = "refs/heads/"
# GitHub leaves out commits and files beyond these.
_MOST_COMMITS = 2048
_MOST_FILES = 3000
_KINDS = {
    "added": ChangeKind.ADDED,
    "removed": ChangeKind.REMOVED,
    "modified": ChangeKind.MODIFIED,
}
_INSTALLATION_EVENTS: dict[str, dict[str, type[InstallationEvent]]] = {
    "installation": dict.fromkeys(("deleted", "suspend", "unsuspend"), CredentialChangedEvent),
    "installation_repositories": {"added": RepositoriesAddedEvent},
}
_RENAMED = frozenset({"renamed", "transferred"})


def parse_delivery(event: str, value: Json) -> list[WebhookEvent]:
    """What a delivery tells, by the event's name.

    Raises:
        HostUnavailable: the body is not what GitHub sends.
    """
    body = as_object(value, "delivery")
    if event == "push":
        return _push(body)
    if event == "pull_request":
        return _pull_request(body)
    if event == "repository":
        return _repository(body)
    if event in _INSTALLATION_EVENTS:
        return _installation(event, body)
    return []


def parse_installation(value: Json) -> str:
    """The App's installation that a body names, with the host of its API; "" without one.

    Raises:
        HostUnavailable: the body is not what GitHub sends.
    """
    return _installation_of(as_object(value, "delivery"))


def _installation_of(body: JsonObject) -> str:
    installation = body.optional_object("installation")
    if installation is None:
        return ""
    try:
        host = urlsplit(body.object("sender").text("url")).netloc.lower()
    except ValueError:
        return ""
    return f"{host}:{installation.integer('id')}" if host else ""


def _push(body: JsonObject) -> list[WebhookEvent]:
    """A push to a branch; ids of zeros stand for no commit."""
    ref = body.text("ref")
    repository_id = str(body.object("repository").integer("id"))
    if not ref.startswith(_BRANCH):
        return []
    commits = tuple(_commit(item) for item in body.objects("commits"))
    event = PushEvent(
        repository_id=repository_id,
        branch=ref.removeprefix(_BRANCH),
        before=_tip(body, "before"),
        after=_tip(body, "after"),
        commits=commits,
        is_complete=len(commits) < _MOST_COMMITS,
    )
    return [event]


def _tip(body: JsonObject, name: str) -> str:
    sha = body.text(name)
    return "" if not sha.strip("0") else sha


def _commit(item: JsonObject) -> PushedCommit:
    author = item.object("author")
    login = author.optional_text("username") or ""
    info = CommitInfo(
        sha=item.text("id"),
        message=item.text("message"),
        author=AuthorInfo(
            name=author.optional_text("name") or "",
            email=author.optional_text("email") or "",
            external_id=f"github:{login}" if login else "",
        ),
        committed_at=item.time("timestamp"),
        web_url=item.optional_text("url") or "",
    )
    return PushedCommit(commit=info, changes=_changes(item))


def _changes(item: JsonObject) -> tuple[FileChange, ...] | None:
    """The changed files; None where GitHub left the lists out, or cut them off."""
    if not any(name in item for name in _KINDS):
        return None
    found = tuple(
        FileChange(path=as_text(path, item.path(name)), kind=kind)
        for name, kind in _KINDS.items()
        for path in as_list(item.get(name) or [], item.path(name))
    )
    return None if len(found) >= _MOST_FILES else found


def _pull_request(body: JsonObject) -> list[WebhookEvent]:
    pull = body.object("pull_request")
    event = PullRequestEvent(
        repository_id=str(body.object("repository").integer("id")),
        pull_request=parse_pull_request(pull),
        updated_at=pull.optional_time("updated_at"),
    )
    return [event]


def _repository(body: JsonObject) -> list[WebhookEvent]:
    action, repository = body.text("action"), body.object("repository")
    if action == "deleted":
        return [RepositoryDeletedEvent(repository_id=str(repository.integer("id")))]
    if action in _RENAMED or (action == "edited" and _has_other_branch(body)):
        event = RepositoryChangedEvent(
            repository=parse_repository(body.get("repository")),
            updated_at=repository.optional_time("updated_at"),
        )
        return [event]
    return []


def _installation(event: str, body: JsonObject) -> list[WebhookEvent]:
    """What concerns an App's installation as a whole."""
    kind = _INSTALLATION_EVENTS[event].get(body.text("action"))
    installation = _installation_of(body)
    return [kind(installation=installation)] if kind and installation else []


def _has_other_branch(body: JsonObject) -> bool:
    changes = body.optional_object("changes")
    return changes is not None and "default_branch" in changes
