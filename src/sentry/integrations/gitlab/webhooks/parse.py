"""Reads GitLab's webhooks: their registrations, and the bodies of deliveries. Pure and total.

Source: "Webhook events", "System hooks" and "Project webhooks API" in GitLab's documentation.
"""

from dataclasses import dataclass
from datetime import datetime

from sentry.integrations.gitlab.parse import external_id, repository_of
from sentry.integrations.gitlab.parse_reads import account_of, merge_sha_of, state_of
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_object,
    as_objects,
    as_text,
    as_time,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    ChangeKind,
    CommitInfo,
    FileChange,
    PullRequestInfo,
    PullRequestState,
    RepositoryInfo,
)
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushedCommit,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookEvent,
)

_BRANCH = "refs/heads/"
_NAMED = frozenset({"project_rename", "project_transfer", "project_update"})
_LISTS = {
    "added": ChangeKind.ADDED,
    "modified": ChangeKind.MODIFIED,
    "removed": ChangeKind.REMOVED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredHook:
    """A registration; ``is_signed`` says that its deliveries carry a signature."""

    id: str
    url: str
    is_signed: bool


def parse_hook(value: Json) -> RegisteredHook:
    """One registration."""
    return _hook(as_object(value, "hook"))


def parse_hooks(value: Json) -> list[RegisteredHook]:
    """A page of registrations."""
    return [_hook(item) for item in as_objects(value, "hooks")]


def _hook(item: JsonObject) -> RegisteredHook:
    return RegisteredHook(
        id=str(item.integer("id")),
        url=item.text("url"),
        is_signed=item.optional_boolean("signing_token_present") or False,
    )


def parse_event_name(value: Json) -> str:
    """What a delivery calls its event: a project's webhook in one field, a system hook in another.

    Raises:
        HostUnavailable: the body is not what GitLab sends.
    """
    body = as_object(value, "delivery")
    return body.optional_text("object_kind") or body.optional_text("event_name") or ""


def parse_delivery(value: Json, *, instance: str) -> list[WebhookEvent]:
    """What a delivery tells; nothing for what the platform does not follow.

    Args:
        value: the body.
        instance: the root URL that GitLab gives itself; system hooks name no other.

    Raises:
        HostUnavailable: the body is not what GitLab sends.
    """
    body = as_object(value, "delivery")
    kind, event = body.get("object_kind"), body.get("event_name")
    if kind == "push" or (kind is None and event == "push"):
        return _push(body)
    if kind == "merge_request":
        return [_merge_request(body)]
    if event in _NAMED:
        when = _moment(body, "updated_at")
        return [RepositoryChangedEvent(repository=_renamed(body, instance), updated_at=when)]
    if event == "project_destroy":
        number = external_id(instance, body.integer("project_id"), body)
        return [RepositoryDeletedEvent(repository_id=number)]
    return []


# --- pushes --------------------------------------------------------------------------------------


def _push(body: JsonObject) -> list[WebhookEvent]:
    """The push; and what the project is now, where it went to its default branch.

    A project's own webhook never tells that the project was renamed.
    """
    ref = body.text("ref")
    if not ref.startswith(_BRANCH):
        return []
    repository = repository_of(body.object("project"))
    listed = body.objects("commits")
    push = PushEvent(
        repository_id=repository.external_id,
        branch=ref.removeprefix(_BRANCH),
        before=_tip(body.text("before")),
        after=_tip(body.text("after")),
        commits=tuple(_pushed(item) for item in listed),
        is_complete=body.integer("total_commits_count") == len(listed),
    )
    if push.branch != repository.default_branch:
        return [push]
    return [RepositoryChangedEvent(repository=repository), push]


def _tip(sha: str) -> str:
    """A commit's id; "" for the zeros that stand for none."""
    return sha if sha.strip("0") else ""


def _pushed(item: JsonObject) -> PushedCommit:
    author = item.object("author")
    commit = CommitInfo(
        sha=item.text("id"),
        message=item.text("message").rstrip("\n"),
        author=AuthorInfo(
            name=author.optional_text("name") or "", email=author.optional_text("email") or ""
        ),
        committed_at=item.time("timestamp"),
        web_url=item.optional_text("url") or "",
    )
    return PushedCommit(commit=commit, changes=_changes(item))


def _changes(item: JsonObject) -> tuple[FileChange, ...] | None:
    """The changed files; None where GitLab left one of the lists out."""
    if any(item.get(name) is None for name in _LISTS):
        return None
    return tuple(
        FileChange(path=as_text(path, item.path(name)), kind=kind)
        for name, kind in _LISTS.items()
        for path in as_list(item.get(name), item.path(name))
    )


# --- merge requests ------------------------------------------------------------------------------


def _merge_request(body: JsonObject) -> PullRequestEvent:
    facts = body.object("object_attributes")
    last, state = facts.optional_object("last_commit"), state_of(facts)
    info = PullRequestInfo(
        key=str(facts.integer("iid")),
        title=facts.text("title"),
        description=facts.optional_text("description") or "",
        state=state,
        author=_author(body, facts),
        head_branch=facts.text("source_branch"),
        base_branch=facts.text("target_branch"),
        head_sha=last.text("id") if last else "",
        merge_sha=merge_sha_of(facts),
        web_url=facts.optional_text("url") or "",
        created_at=_moment(facts, "created_at"),
        merged_at=_merged_at(facts) if state is PullRequestState.MERGED else None,
    )
    repository = repository_of(body.object("project"))
    return PullRequestEvent(
        repository_id=repository.external_id,
        pull_request=info,
        updated_at=_moment(facts, "updated_at"),
    )


def _author(body: JsonObject, facts: JsonObject) -> AuthorInfo | None:
    """The author, where it is the account that acted: of others GitLab tells the number alone."""
    user = body.optional_object("user")
    if user is None or user.get("id") is None or user.get("id") != facts.get("author_id"):
        return None
    return account_of(user)


def _merged_at(facts: JsonObject) -> datetime | None:
    """When it was merged: the moment of the change that this delivery tells, if it is that."""
    return _moment(facts, "updated_at") if facts.get("action") == "merge" else None


def _moment(facts: JsonObject, name: str) -> datetime | None:
    """A time, also in the form "2017-12-10 17:01:11 UTC" that GitLab wrote for long."""
    text = facts.optional_text(name)
    return None if text is None else as_time(text.replace(" UTC", "+00:00"), facts.path(name))


# --- system hooks --------------------------------------------------------------------------------


def _renamed(body: JsonObject, instance: str) -> RepositoryInfo:
    """What a project is called now; a system hook does not tell its branch."""
    path = body.text("path_with_namespace")
    return RepositoryInfo(
        name=path,
        identifier=path,
        external_id=external_id(instance, body.integer("project_id"), body),
        url=f"{instance.rstrip('/')}/{path}",
    )
