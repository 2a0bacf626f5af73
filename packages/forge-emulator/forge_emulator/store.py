"""What git does not hold: issues, comments, labels, pull requests and webhooks, in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

State = Literal["open", "closed"]
StateReason = Literal["completed", "reopened", "not_planned", "duplicate"]

DEFAULT_LABELS = {
    "bug": ("d73a4a", "Something isn't working"),
    "documentation": ("0075ca", "Improvements or additions to documentation"),
    "duplicate": ("cfd3d7", "This issue or pull request already exists"),
    "enhancement": ("a2eeef", "New feature or request"),
    "good first issue": ("7057ff", "Good for newcomers"),
    "help wanted": ("008672", "Extra attention is needed"),
    "invalid": ("e4e669", "This doesn't seem right"),
    "question": ("d876e3", "Further information is requested"),
    "wontfix": ("ffffff", "This will not be worked on"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label; `color` is six hex digits."""

    id: int
    name: str
    color: str = "ededed"
    description: str = ""
    default: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue; `number` counts within the repository, together with pull requests.

    `kind` and `status` are its type and its state by the host's own names, where it has such.
    """

    id: int
    number: int
    repository_id: int
    title: str
    body: str | None
    author: str
    created_at: datetime
    updated_at: datetime
    state: State = "open"
    state_reason: StateReason | None = None
    closed_at: datetime | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    kind: str = ""
    status: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment on an issue."""

    id: int
    repository_id: int
    issue_number: int
    body: str
    author: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request; `commits` are the full ids it brought, `merge_commit` where it was merged."""

    id: int
    number: int
    repository_id: int
    title: str
    body: str
    author: str
    head: str
    head_oid: str
    base: str
    base_oid: str
    commits: frozenset[str]
    created_at: datetime
    merged_at: datetime | None = None
    merge_commit: str | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def state(self) -> State:
        return "open" if self.merged_at is None and self.closed_at is None else "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A webhook's registration; `config` holds what was sent, the secret included."""

    id: int
    repository_id: int
    active: bool
    events: tuple[str, ...]
    config: Mapping[str, str]
    created_at: datetime

    def __repr__(self) -> str:
        return f"Hook(id={self.id}, events={self.events})"


class Store:
    """Everything, safe for threads.

    Values are frozen; a change replaces the value. Looking up what is not there raises `KeyError`.
    `numbers_apart` says that pull requests are counted apart from issues.
    """

    numbers_apart = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._last_id = 0
        self._numbers: dict[tuple[int, str], int] = defaultdict(int)
        self._issues: dict[tuple[int, int], Issue] = {}
        self._pulls: dict[tuple[int, int], PullRequest] = {}
        self._comments: dict[int, Comment] = {}
        self._hooks: dict[int, Hook] = {}
        self._deliveries: dict[int, int] = defaultdict(int)
        self._labels: dict[int, dict[str, Label]] = {}

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _next_number(self, repository_id: int, kind: str = "") -> int:
        place = repository_id, kind if self.numbers_apart else ""
        self._numbers[place] += 1
        return self._numbers[place]

    def create_issue(
        self,
        *,
        repository_id: int,
        title: str,
        body: str | None,
        author: str,
        now: datetime,
        labels: tuple[str, ...] = (),
        assignees: tuple[str, ...] = (),
    ) -> Issue:
        """A new open issue; labels that the repository lacks are made."""
        return self.add_issue(
            Issue(
                id=0,
                number=0,
                repository_id=repository_id,
                title=title,
                body=body,
                author=author,
                created_at=now,
                updated_at=now,
                labels=labels,
                assignees=assignees,
            )
        )

    def add_issue(self, issue: Issue) -> Issue:
        """Keep an issue under the next id and number, whatever it has for them."""
        with self._lock:
            number = self._next_number(issue.repository_id)
            return self.save_issue(replace(issue, id=self._next_id(), number=number))

    def issue(self, repository_id: int, number: int) -> Issue:
        with self._lock:
            return self._issues[repository_id, number]

    def issues(self, repository_id: int | None = None) -> list[Issue]:
        """Issues of one repository, or of all, oldest first."""
        with self._lock:
            every = sorted(self._issues.values(), key=lambda issue: issue.id)
        return [i for i in every if repository_id is None or i.repository_id == repository_id]

    def save_issue(self, issue: Issue) -> Issue:
        """Put a changed issue in the place of the one with its number."""
        with self._lock:
            labels = self.ensure_labels(issue.repository_id, issue.labels)
            changed = replace(issue, labels=labels)
            self._issues[issue.repository_id, issue.number] = changed
            return changed

    def create_comment(self, *, issue: Issue, body: str, author: str, now: datetime) -> Comment:
        with self._lock:
            comment = Comment(
                id=self._next_id(),
                repository_id=issue.repository_id,
                issue_number=issue.number,
                body=body,
                author=author,
                created_at=now,
                updated_at=now,
            )
            self._comments[comment.id] = comment
            self.save_issue(replace(issue, updated_at=now))
            return comment

    def comment(self, repository_id: int, comment_id: int) -> Comment:
        with self._lock:
            found = self._comments[comment_id]
        if found.repository_id != repository_id:
            raise KeyError(comment_id)
        return found

    def comments(self, repository_id: int, issue_number: int) -> list[Comment]:
        """Comments of an issue, oldest first."""
        with self._lock:
            every = sorted(self._comments.values(), key=lambda comment: comment.id)
        place = (repository_id, issue_number)
        return [c for c in every if (c.repository_id, c.issue_number) == place]

    def save_comment(self, comment: Comment) -> Comment:
        with self._lock:
            self._comments[comment.id] = comment
        return comment

    def labels(self, repository_id: int) -> list[Label]:
        """The labels of a repository by name; every repository starts with the usual nine."""
        with self._lock:
            known = self._labels_of(repository_id)
            return sorted(known.values(), key=lambda label: label.name.lower())

    def ensure_labels(self, repository_id: int, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names as the repository spells them, without repeats; missing labels are made."""
        with self._lock:
            known = self._labels_of(repository_id)
            for name in names:
                if name.lower() not in known:
                    known[name.lower()] = Label(id=self._next_id(), name=name)
            return tuple(dict.fromkeys(known[name.lower()].name for name in names))

    def _labels_of(self, repository_id: int) -> dict[str, Label]:
        if repository_id not in self._labels:
            self._labels[repository_id] = {
                name: Label(
                    id=self._next_id(), name=name, color=color, description=text, default=True
                )
                for name, (color, text) in DEFAULT_LABELS.items()
            }
        return self._labels[repository_id]

    def create_pull(
        self,
        *,
        repository_id: int,
        title: str,
        body: str,
        author: str,
        head: tuple[str, str],
        base: tuple[str, str],
        commits: frozenset[str],
        created_at: datetime,
        merged_at: datetime | None = None,
        merge_commit: str | None = None,
    ) -> PullRequest:
        """A new pull request; `head` and `base` are (branch, full id)."""
        with self._lock:
            pull = PullRequest(
                id=self._next_id(),
                number=self._next_number(repository_id, "pull"),
                repository_id=repository_id,
                title=title,
                body=body,
                author=author,
                head=head[0],
                head_oid=head[1],
                base=base[0],
                base_oid=base[1],
                commits=commits,
                created_at=created_at,
                merged_at=merged_at,
                merge_commit=merge_commit,
            )
            self._pulls[repository_id, pull.number] = pull
            return pull

    def pull(self, repository_id: int, number: int) -> PullRequest:
        with self._lock:
            return self._pulls[repository_id, number]

    def save_pull(self, pull: PullRequest) -> PullRequest:
        """Put a changed pull request in the place of the one with its number."""
        with self._lock:
            self._pulls[pull.repository_id, pull.number] = pull
        return pull

    def pulls(self, repository_id: int) -> list[PullRequest]:
        """Pull requests of a repository, oldest first."""
        with self._lock:
            every = sorted(self._pulls.values(), key=lambda pull: pull.id)
        return [pull for pull in every if pull.repository_id == repository_id]

    def pulls_with(self, repository_id: int, oid: str) -> list[PullRequest]:
        """Pull requests that brought a commit, oldest first."""
        with self._lock:
            every = sorted(self._pulls.values(), key=lambda pull: pull.id)
        mine = [pull for pull in every if pull.repository_id == repository_id]
        return [pull for pull in mine if oid in pull.commits or oid == pull.merge_commit]

    def create_hook(
        self,
        *,
        repository_id: int,
        active: bool,
        events: tuple[str, ...],
        config: Mapping[str, str],
        now: datetime,
    ) -> Hook:
        with self._lock:
            hook = Hook(
                id=self._next_id(),
                repository_id=repository_id,
                active=active,
                events=events,
                config=dict(config),
                created_at=now,
            )
            self._hooks[hook.id] = hook
            return hook

    def hooks(self, repository_id: int) -> list[Hook]:
        with self._lock:
            every = sorted(self._hooks.values(), key=lambda hook: hook.id)
        return [hook for hook in every if hook.repository_id == repository_id]

    def hook(self, repository_id: int, hook_id: int) -> Hook:
        with self._lock:
            found = self._hooks[hook_id]
        if found.repository_id != repository_id:
            raise KeyError(hook_id)
        return found

    def save_hook(self, hook: Hook) -> Hook:
        """Put a changed webhook in the place of the one with its id."""
        with self._lock:
            self._hooks[hook.id] = hook
        return hook

    def next_delivery(self, hook_id: int) -> int:
        """How many deliveries of a webhook there were, with this one."""
        with self._lock:
            self._deliveries[hook_id] += 1
            return self._deliveries[hook_id]

    def delete_hook(self, repository_id: int, hook_id: int) -> None:
        with self._lock:
            self.hook(repository_id, hook_id)
            del self._hooks[hook_id]
