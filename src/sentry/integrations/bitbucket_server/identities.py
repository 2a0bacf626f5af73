"""Confirms that a name still means the repository that it meant: the host has no address by id.

Its addresses are a project's key and a slug. A renamed repository is found under its former name,
until another one takes it: then whoever asks by that name reads the other one.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import RepositoryReplaced
from sentry.integrations.source_code_management.types import RepositoryInfo, RepositoryRef

_SECONDS = 10.0  # how long what a name meant is taken for granted
_MOST = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedAt:
    """A name on one server as one credential sees it: nobody is told what only another may see."""

    api: str
    identity: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """The host's number and the present name of the repository that a name stands for."""

    external_id: str
    name: str


class Meanings:
    """What names meant a moment ago. Safe for use by many threads."""

    def __init__(self, most: int = _MOST) -> None:
        """Takes how many to keep."""
        self._most = most
        self._known: OrderedDict[NamedAt, tuple[float, Meaning]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: NamedAt, *, now: float) -> Meaning | None:
        """What a name meant in the last seconds; ``now`` is monotonic."""
        with self._lock:
            since, meaning = self._known.get(place, (now - _SECONDS, None))
        return meaning if now - since < _SECONDS else None

    def put(self, place: NamedAt, meaning: Meaning, *, now: float) -> None:
        """Remembers what a name meant at ``now``; forgets what was asked longest ago."""
        with self._lock:
            self._known.pop(place, None)
            self._known[place] = (now, meaning)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


@functools.cache
def shared_meanings() -> Meanings:
    """The process's own."""
    return Meanings()


class Identities:
    """Finds what repositories are called now, on one server and with one credential."""

    def __init__(
        self,
        read: Callable[[str], RepositoryInfo],
        clock: Callable[[], float],
        *,
        api: str,
        identity: str,
    ) -> None:
        """Takes what asks the host for the repository of a name, and a monotonic clock."""
        self._read = read
        self._clock = clock
        self._api = api
        self._identity = identity

    def current_name(self, repo: RepositoryRef, *, fresh: bool) -> str:
        """The name of a repository that is known by its number; as the client tells it."""
        place = NamedAt(api=self._api, identity=self._identity, name=repo.identifier)
        meaning = None if fresh else shared_meanings().get(place, now=self._clock())
        if meaning is None:
            found = self._read(repo.identifier)
            meaning = Meaning(external_id=found.external_id, name=found.identifier)
            shared_meanings().put(place, meaning, now=self._clock())
        if meaning.external_id != repo.external_id:
            raise RepositoryReplaced
        return meaning.name
