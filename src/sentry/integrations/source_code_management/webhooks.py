"""Webhooks: asking a host to send them, and reading what it sends.

A delivery is verified on the very bytes that arrived, before anything in them is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.types import (
    CommitInfo,
    FileChange,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRequest:
    """A delivery as it arrived: header names in lower case, and the body's bytes."""

    headers: Mapping[str, str] = field(repr=False, hash=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PushedCommit:
    """A commit that a push brought; ``changes`` is None where the host did not send them."""

    commit: CommitInfo
    changes: tuple[FileChange, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PushEvent:
    """Commits arrived on a branch.

    Attributes:
        repository_id: the host's id of the repository, as ``RepositoryInfo.external_id``.
        branch: without "refs/heads/".
        before: the branch's tip before; "" for a new branch.
        after: its tip now; "" for a branch that was deleted.
        commits: those that the delivery holds, oldest first.
        is_complete: whether these are all that the push brought; else the host must be asked.
    """

    repository_id: str
    branch: str
    before: str
    after: str
    commits: tuple[PushedCommit, ...]
    is_complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryChangedEvent:
    """A repository was renamed or moved; ``repository`` is what it is now.

    ``updated_at`` is the host's time of that; None where it tells none.
    """

    repository: RepositoryInfo
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryDeletedEvent:
    """A repository is gone from the host."""

    repository_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestEvent:
    """A pull request was opened, changed, closed or merged.

    ``updated_at`` is the host's time of this state; None where it tells none.
    """

    repository_id: str
    pull_request: PullRequestInfo
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialChangedEvent:
    """The host gave a credential up, suspended it, or takes it again: it is to be asked which.

    ``installation`` is the ``external_id`` of the one integration that this is about.
    """

    installation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoriesAddedEvent:
    """An integration reaches further repositories; ``installation`` is its ``external_id``."""

    installation: str


type InstallationEvent = CredentialChangedEvent | RepositoriesAddedEvent
type RepositoryEvent = (
    PushEvent | RepositoryChangedEvent | RepositoryDeletedEvent | PullRequestEvent
)
type WebhookEvent = RepositoryEvent | InstallationEvent


class WebhookReceiver(Protocol):
    """Reads one kind of host's deliveries. Pure: makes no request, reads no table."""

    def is_authentic(self, request: WebhookRequest, secrets: Sequence[str], *, now: float) -> bool:
        """Whether the delivery was made with one of the secrets; without any, never.

        Args:
            request: what arrived.
            secrets: what the host may have signed with.
            now: unix seconds, for schemes that carry a time.
        """
        ...

    def delivery_id(self, request: WebhookRequest) -> str:
        """The host's id of the delivery; "" where it sends none. It is not signed everywhere."""
        ...

    def event_name(self, request: WebhookRequest) -> str:
        """What the host calls the event, from where ``events`` reads it; "" where it does not say.

        For operators to see; not signed everywhere. Never raises.
        """
        ...

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """What the delivery tells; nothing for a ping or for what the platform does not follow.

        Raises:
            HostUnavailable: the body is not what the host sends.
        """
        ...


@runtime_checkable
class AppWebhookReceiver(WebhookReceiver, Protocol):
    """A receiver that also reads what an App is sent, at one address for all its installations."""

    def installation_of(self, request: WebhookRequest) -> str:
        """The ``external_id`` of the integration that a delivery names; "" where it names none.

        Nothing of it is verified yet: it only says whose secrets to verify with. Never raises.
        """
        ...


@runtime_checkable
class WebhookIntegration(Protocol):
    """Registers webhooks on the host."""

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """Asks the host to send pushes, pull requests and repository changes to ``url``.

        One registration per repository and URL: a known one is brought up to date.

        Returns:
            the host's id of the registration.

        Raises:
            HostForbidden: the credential may not register webhooks.
        """
        ...

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:
        """Ends a registration; one that is gone is no error."""
        ...
