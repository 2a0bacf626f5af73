"""What happens on a host that its webhooks tell of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook, PullRequest

PullRequestAction = Literal["opened", "edited", "closed", "merged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RefUpdate:
    """A ref by its whole name, with what it pointed to; "" where it was not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """A push changed refs. `known` are the ids that other refs and these pointed to before."""

    repository: Repository
    updates: tuple[RefUpdate, ...]
    known: frozenset[str]
    login: str
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestChanged:
    """A pull request, as it is now."""

    repository: Repository
    pull_request: PullRequest
    action: PullRequestAction
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryRenamed:
    """A repository has another name, or another owner; `previous` is its full name before."""

    repository: Repository
    previous: str
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryDeleted:
    """A repository is about to be gone."""

    repository: Repository
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRegistered:
    """A webhook was registered; told to this one alone."""

    repository: Repository
    hook: Hook
    when: datetime


Change: TypeAlias = (
    Pushed | PullRequestChanged | RepositoryRenamed | RepositoryDeleted | HookRegistered
)
