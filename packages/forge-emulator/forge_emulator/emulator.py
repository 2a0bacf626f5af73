"""The emulator as a library: start it, ask it, stop it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from forge_emulator import git
from forge_emulator.announcements import Announcer
from forge_emulator.app import Application
from forge_emulator.auth import Credentials
from forge_emulator.changes import PullRequestChanged, RepositoryDeleted, RepositoryRenamed
from forge_emulator.control import ControlDoor
from forge_emulator.deliveries import Sender
from forge_emulator.dialects import DIALECTS, USUAL_LIMITS
from forge_emulator.faults import Faults
from forge_emulator.oauth import USUAL_LIFE, Grant
from forge_emulator.request_log import RequestLog
from forge_emulator.server import Server
from forge_emulator.world import World, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from forge_emulator.auth import AppCredentials
    from forge_emulator.changes import PullRequestAction
    from forge_emulator.contracts.checker import Checker
    from forge_emulator.deliveries import RecordedDelivery
    from forge_emulator.repositories import HostedRepository, Repository
    from forge_emulator.request_log import RecordedRequest
    from forge_emulator.store import Issue, PullRequest


def load_checker(contracts: Path, dialect: str) -> Checker:
    """A checker of the dialect's host; it needs packages that an emulator alone does not."""
    from forge_emulator.contracts.hosts import load  # noqa: PLC0415 - see above

    return load(contracts, dialect)


class Emulator:
    """A source-code host on a loopback address.

    `tokens` maps each accepted token to `(login, *grants)`: a grant with a slash is the full name
    of a private repository that it sees (none: all of them), any other is an OAuth scope. `users`
    maps e-mail addresses to logins, `workflows` an owner to the process of its issues.
    `rate_limit` is points an hour, None for a host without limits, "usual" for what the host begins
    with. `search_lag` is seconds until something new is found. `delivery_retries` follow a webhook
    that was not answered with 2xx. `clock` gives aware UTC.
    `contracts` is a folder with the hosts' published descriptions: with it, everything that passes
    is held against them, and `problems` tells what is wrong.

    Raises `ValueError` for an unknown dialect or a name used twice, `GitError` for a path without
    a repository.
    """

    def __init__(
        self,
        dialect: str = "github",
        repositories: Iterable[HostedRepository] = (),
        *,
        tokens: Mapping[str, Sequence[str]] | None = None,
        app: AppCredentials | None = None,
        users: Mapping[str, str] | None = None,
        workflows: Mapping[str, str] | None = None,
        page_size_cap: int = 100,
        rate_limit: int | Literal["usual"] | None = "usual",
        search_lag: float = 0.0,
        tree_limit: int = 100_000,
        allow_push: bool = False,
        delivery_retries: int = 0,
        control: bool = False,
        contracts: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"there is no dialect {dialect!r}; known: {', '.join(DIALECTS)}")
        self.world = World(
            credentials=Credentials(tokens or {}, app, clock),
            clock=clock,
            page_size_cap=page_size_cap,
            rate_limit=USUAL_LIMITS.get(dialect, 5000) if rate_limit == "usual" else rate_limit,
            search_lag=timedelta(seconds=search_lag),
            tree_limit=tree_limit,
            allow_push=allow_push,
            users={mail.lower(): login for mail, login in (users or {}).items()},
            workflows=dict(workflows or {}),
        )
        self.faults = Faults()
        self._log = RequestLog()
        self._checker = load_checker(contracts, dialect) if contracts else None
        spoken = DIALECTS[dialect](self.world)
        self._sender = Sender(delivery_retries)
        self._announcer = Announcer(self.world, spoken, self._sender)
        self.world.announce = self._announcer
        self._application = Application(
            dialect=spoken,
            faults=self.faults,
            log=self._log,
            control=ControlDoor(self.faults, self._log) if control else None,
            checker=self._checker,
        )
        self._address = (host, port)
        self._server: Server | None = None
        for repository in repositories:
            self.add_repository(repository)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen and answer; raises `OSError` when the address is taken."""
        if self._server is None:
            self._application.stop.clear()
            self._server = Server(self._application, *self._address)
            self._server.start()
            self.world.url = self._server.url
            self._sender.start()

    def stop(self) -> None:
        """Stop listening; what was learnt stays, and `start` may follow."""
        if self._server is not None:
            self._application.stop.set()
            self._server.stop()
            self._sender.stop()
            self._server = None

    @property
    def url(self) -> str:
        """The root of the REST API, without a final slash; raises `RuntimeError` while stopped."""
        if self._server is None:
            raise RuntimeError("the emulator is not running")
        return self._server.url

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, oldest first, without the control door's own."""
        return self._log.entries()

    @property
    def problems(self) -> list[str]:
        """What in the requests and answers so far is not as the host describes it.

        Raises `RuntimeError` where no description was given.
        """
        if self._checker is None:
            raise RuntimeError("the emulator was given no contracts")
        return list(self._checker.problems)

    @property
    def checked(self) -> int:
        """How many answers were held against a schema."""
        return 0 if self._checker is None else self._checker.checked

    def clear_requests(self) -> None:
        self._log.clear()

    @property
    def deliveries(self) -> list[RecordedDelivery]:
        """The webhooks that were sent so far, oldest first."""
        return self._sender.records()

    def clear_deliveries(self) -> None:
        self._sender.clear()

    def wait_for_deliveries(self, timeout: float = 10.0) -> list[RecordedDelivery]:
        """All webhooks, once none waits to be sent; raises `TimeoutError` after these seconds."""
        return self._sender.wait(timeout)

    def redeliver(self, record: RecordedDelivery) -> None:
        """Send the same bytes and headers again, as a host does when it is asked to."""
        self._sender.send(record.delivery)

    def set_app_webhook(self, url: str, secret: str) -> None:
        """Where the app's own webhook is sent, for every repository that it is installed on."""
        self._announcer.app_hook = (url, secret)

    def add_repository(self, repository: HostedRepository) -> Repository:
        """Host one more; raises `GitError` and `ValueError` as the constructor does."""
        return self.world.repositories.add(repository, self.world.clock())

    def remove_repository(self, full_name: str) -> None:
        """Host it no longer, which its webhooks hear of; raises `KeyError`."""
        repository = self._repository(full_name)
        self.world.announce(RepositoryDeleted(repository=repository, when=self.world.clock()))
        self.world.repositories.remove(full_name)

    def rename_repository(self, full_name: str, new_name: str) -> Repository:
        """Another name or owner for it, which its webhooks hear of.

        Raises `KeyError` for an unknown repository, `ValueError` for a name that is taken.
        """
        renamed = self.world.repositories.rename(full_name, new_name)
        when = self.world.clock()
        self.world.announce(RepositoryRenamed(repository=renamed, previous=full_name, when=when))
        return renamed

    def rename_owner(self, owner: str, new_name: str) -> None:
        """Another name for an owner (a project, a workspace) and so for all of its repositories.

        No webhook hears of it. Raises `KeyError` for an unknown one, `ValueError` for a name that
        is taken.
        """
        self.world.repositories.rename_owner(owner, new_name)

    def add_token(self, token: str, *grants: str) -> None:
        """Accept one more token, or give a known one other grants: `login, *grants`."""
        self.world.credentials.add(token, grants)

    def revoke_token(self, token: str) -> None:
        """Refuse a token from now on; an unknown one is no error."""
        self.world.credentials.revoke(token)

    def add_oauth_client(self, client_id: str, secret: str) -> None:
        """Know an OAuth application."""
        self.world.oauth.add_client(client_id, secret)

    def give_oauth(self, client_id: str, *grants: str, life: timedelta = USUAL_LIFE) -> Grant:
        """A pair of tokens for `login, *grants`, as if the account had agreed in the browser."""
        return self.world.oauth.give(client_id, grants, life=life)

    def issues(self, full_name: str) -> list[Issue]:
        """The issues of a repository, oldest first; raises `KeyError`."""
        home = self.world.issue_home(self._repository(full_name))
        return self.world.store.issues(home)

    def add_pull_request(
        self,
        full_name: str,
        *,
        title: str,
        head: str,
        base: str,
        body: str = "",
        author: str = "octocat",
        merge_commit: str | None = None,
    ) -> PullRequest:
        """A pull request with the commits that `head` has and `base` has not; webhooks hear of it.

        With `merge_commit` it is merged there, and its commits are those that the merge brought.
        Raises `KeyError` for an unknown repository and `GitError` for unknown revisions.
        """
        repository = self._repository(full_name)
        merged = merge_commit and git.resolve_commit(repository.git_dir, merge_commit)
        tips = [git.resolve_commit(repository.git_dir, revision) for revision in (head, base)]
        before = git.read_commit(repository.git_dir, merged).parents[0] if merged else tips[1]
        commits = git.commits_between(repository.git_dir, before, tips[0])
        shown = git.read_commit(repository.git_dir, merged or tips[0])
        when = shown.committer.when
        pull = self.world.store.create_pull(
            repository_id=repository.id,
            title=title,
            body=body,
            author=author,
            head=(head, tips[0]),
            base=(base, before),
            commits=frozenset(commits),
            created_at=when,
            merged_at=when if merged else None,
            merge_commit=merged or None,
        )
        self._announce_pull(repository, pull, "merged" if merged else "opened")
        return pull

    def change_pull_request(
        self,
        full_name: str,
        number: int,
        *,
        title: str | None = None,
        closed: bool = False,
        merge_commit: str | None = None,
    ) -> PullRequest:
        """Give it another title, close it, or merge it with a commit; webhooks hear of it.

        Raises `KeyError` for an unknown repository or number, `GitError` for an unknown commit.
        """
        repository, now = self._repository(full_name), self.world.clock()
        pull = self.world.store.pull(repository.id, number)
        action: PullRequestAction = "edited"
        if title is not None:
            pull = replace(pull, title=title)
        if closed:
            pull, action = replace(pull, closed_at=now), "closed"
        if merge_commit is not None:
            merged = git.resolve_commit(repository.git_dir, merge_commit)
            pull = replace(pull, merged_at=now, merge_commit=merged, closed_at=now)
            action = "merged"
        pull = self.world.store.save_pull(replace(pull, updated_at=now))
        self._announce_pull(repository, pull, action)
        return pull

    def _announce_pull(
        self, repository: Repository, pull: PullRequest, action: PullRequestAction
    ) -> None:
        self.world.announce(
            PullRequestChanged(
                repository=repository, pull_request=pull, action=action, when=self.world.clock()
            )
        )

    def warm_blame(self, full_name: str, revision: str, paths: Iterable[str]) -> None:
        """Compute blame beforehand; raises `KeyError` and `GitError`."""
        repository = self._repository(full_name)
        commit = git.resolve_commit(repository.git_dir, revision)
        for path in paths:
            self.world.blame.get(repository.git_dir, commit, path)

    def _repository(self, full_name: str) -> Repository:
        found = self.world.repositories.by_name(full_name)
        if found is None:
            raise KeyError(full_name)
        return found
