"""Everything that one emulator knows, handed to the dialect with each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from forge_emulator.blame import BlameMemo
from forge_emulator.oauth import OAuthGrants
from forge_emulator.pushes import PushWatch
from forge_emulator.repositories import Repositories
from forge_emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forge_emulator.auth import Credentials
    from forge_emulator.changes import Change
    from forge_emulator.repositories import Repository


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True, slots=True)
class World:
    """State and settings of an emulator.

    `rate_limit` is points an hour for each caller, None without limits and without their headers
    (as GitHub Enterprise Server starts). `search_lag` is how long something new stays hidden from
    searches, `tree_limit` how many entries a tree shows at most. `users` maps an e-mail address
    to the login of the account that owns it. `workflows` names the process that an owner's issues
    follow, where the host has several. `url` is the root of the running server; `announce` takes
    what webhooks tell of. `issue_home` tells where the store keeps a repository's issues.
    """

    credentials: Credentials
    clock: Callable[[], datetime] = utc_now
    page_size_cap: int = 100
    rate_limit: int | None = 5000
    search_lag: timedelta = timedelta(0)
    tree_limit: int = 100_000
    allow_push: bool = False
    users: Mapping[str, str] = field(default_factory=dict)
    workflows: Mapping[str, str] = field(default_factory=dict)
    repositories: Repositories = field(default_factory=Repositories)
    store: Store = field(default_factory=Store)
    blame: BlameMemo = field(default_factory=BlameMemo)
    url: str = ""
    announce: Callable[[Change], None] = lambda _change: None
    issue_home: Callable[[Repository], int] = lambda repository: repository.id
    oauth: OAuthGrants = field(init=False)
    _pushes: PushWatch = field(init=False)

    def __post_init__(self) -> None:
        self.oauth = OAuthGrants(self.credentials, self.clock)
        self._pushes = PushWatch(lambda change: self.announce(change), self.clock)  # noqa: PLW0108

    def watch_push(self, repository: Repository, login: str) -> Callable[[], Callable[[], None]]:
        """What `smart_http.serve` calls around a push, so that its changes are announced."""
        return lambda: self._pushes.begin(repository, login)
