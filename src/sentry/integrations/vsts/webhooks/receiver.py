"""Reads the deliveries of Azure DevOps' service hooks.

The host signs nothing. A delivery proves itself by a secret that it carries: the password of a
Basic credential, or a header of the subscriber's own, over HTTPS only. Source: the pages "Webhooks"
and "Service hook events" of Microsoft's documentation.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import (
    JsonObject,
    as_object,
    decode_json,
    unexpected,
)
from sentry.integrations.source_code_management.types import RepositoryInfo
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushedCommit,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookEvent,
    WebhookRequest,
)
from sentry.integrations.vsts.parse import commit_of, is_guid, repository_of
from sentry.integrations.vsts.parse_reads import pull_request_of

# For those who register a service hook by hand, with a header in place of a password.
SECRET_HEADER = "x-sentry-token"  # noqa: S105 -- a header's name
_BRANCHES = "refs/heads/"
_ZERO = "0" * 40


class VstsWebhookReceiver:
    """Fulfils ``WebhookReceiver``."""

    def is_authentic(
        self,
        request: WebhookRequest,
        secrets: Sequence[str],
        *,
        now: float,  # noqa: ARG002 -- the Protocol's
    ) -> bool:
        """Whether the delivery carries one of the secrets, compared in constant time."""
        shown = _shown_secret(request)
        # every secret is compared, so that the time does not tell which one fits
        fits = [hmac.compare_digest(shown, _bytes(secret)) for secret in secrets if secret]
        return bool(shown) and any(fits)

    def delivery_id(self, request: WebhookRequest) -> str:
        """The event's id, which the host repeats when it sends it again."""
        try:
            number = _body(request).optional_text("id")
        except HostUnavailable:
            return ""
        return number or ""

    def event_name(self, request: WebhookRequest) -> str:
        """The body's ``eventType``."""
        try:
            name = _body(request).optional_text("eventType")
        except HostUnavailable:
            return ""
        return name or ""

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        body = _body(request)
        event = body.text("eventType")
        if event == "git.push":
            return _pushes(body.object("resource"))
        if event.startswith("git.pullrequest."):
            return _pull_request(body)
        if event == "git.repo.renamed":
            renamed = _repository(body.object("resource"))
            return [RepositoryChangedEvent(repository=renamed, updated_at=_time(body))]
        if event == "git.repo.deleted":
            return [RepositoryDeletedEvent(repository_id=_deleted(body.object("resource")))]
        return []


def _shown_secret(request: WebhookRequest) -> bytes:
    """The password, else the header; empty without either."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return _bytes(request.headers.get(SECRET_HEADER, ""))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _body(request: WebhookRequest) -> JsonObject:
    return as_object(decode_json(request.body), "delivery")


def _pushes(resource: JsonObject) -> list[WebhookEvent]:
    """An event for each branch. The commits belong to the push as a whole, newest first.

    The host does not say whether it listed all of them, so that a push is never complete; those
    of a push to several branches belong to none of them for certain.
    """
    repository = _repository(resource)
    updates = [
        update
        for update in resource.objects("refUpdates")
        if update.text("name").startswith(_BRANCHES)
    ]
    listed = resource.objects("commits") if resource.get("commits") is not None else []
    commits = tuple(PushedCommit(commit=commit_of(item)) for item in reversed(listed))
    return [_push(repository, update, commits if len(updates) == 1 else ()) for update in updates]


def _push(
    repository: RepositoryInfo, update: JsonObject, commits: tuple[PushedCommit, ...]
) -> PushEvent:
    before, after = (_tip(update, name) for name in ("oldObjectId", "newObjectId"))
    return PushEvent(
        repository_id=repository.external_id,
        branch=update.text("name").removeprefix(_BRANCHES),
        before=before,
        after=after,
        commits=commits if after else (),
        is_complete=not after,
    )


def _tip(update: JsonObject, name: str) -> str:
    oid = update.text(name)
    return "" if oid == _ZERO else oid


def _pull_request(body: JsonObject) -> list[WebhookEvent]:
    resource = body.object("resource")
    return [
        PullRequestEvent(
            repository_id=_repository(resource).external_id,
            pull_request=pull_request_of(resource),
            updated_at=_time(body),
        )
    ]


def _time(body: JsonObject) -> datetime | None:
    """When the host made the event."""
    return body.optional_time("createdDate")


def _repository(resource: JsonObject) -> RepositoryInfo:
    return repository_of(resource.object("repository"))


def _deleted(resource: JsonObject) -> str:
    """The id of a repository that is gone, of which little is told."""
    repository = resource.optional_object("repository")
    number = repository.text("id") if repository else resource.text("repositoryId")
    if not is_guid(number):
        raise unexpected(resource.path("repositoryId"))
    return number.lower()
