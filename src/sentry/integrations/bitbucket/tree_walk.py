"""Lists every file below a folder, in as few requests as Bitbucket allows."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from sentry.integrations.bitbucket.names import in_repository
from sentry.integrations.bitbucket.paging import TookTooLong, heavy_pages
from sentry.integrations.bitbucket.parse_files import ListedEntry, parse_listing
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.types import RepositoryRef, TreeEntry, TreeInfo

_DEEP = 32  # levels asked for at once
_PAGE = 100


def read_tree(
    session: HostSession, repo: RepositoryRef, *, sha: str, path: str, max_entries: int
) -> TreeInfo:
    """Every file below ``path`` ("" is the root), all levels down.

    A folder whose depth takes Bitbucket too long is asked for with half of it, down to one level;
    what lies below the depth is asked for folder by folder.

    Raises:
        NotFound: no such commit or folder. HostUnavailable: a single level took too long.
    """
    found: dict[str, TreeEntry] = {}  # a folder that is asked for again is listed again
    walk = _Walk(session, repo, sha, path)
    for entry in walk.entries():
        found[entry.path] = entry
        if len(found) > max_entries:
            kept = islice(found.values(), max_entries)
            return TreeInfo(entries=_sorted(kept), truncated=True)
    return TreeInfo(entries=_sorted(found.values()))


class _Walk:
    """The folders that are still to be listed, and how deep."""

    def __init__(self, session: HostSession, repo: RepositoryRef, sha: str, path: str) -> None:
        self._session = session
        self._repo = repo
        self._sha = sha
        self._waiting = deque([(path, _DEEP)])

    def entries(self) -> Iterator[TreeEntry]:
        """Every file, some perhaps more than once."""
        while self._waiting:
            folder, depth = self._waiting.popleft()
            for listed in self._listed(folder, depth):
                if listed.entry is not None:
                    yield listed.entry
                elif _level(listed.path, folder) == depth:
                    self._waiting.append((listed.path, depth))

    def _listed(self, folder: str, depth: int) -> Iterator[ListedEntry]:
        """The answer to one question; where it took too long, a smaller one waits."""
        where = _folder_route(self._repo, self._sha, folder)
        query = {"max_depth": depth, "pagelen": _PAGE}
        try:
            for page in heavy_pages(self._session, where, resource="folder", query=query):
                yield from parse_listing(page, folder)
        except TookTooLong:
            if depth == 1:
                raise
            self._waiting.appendleft((folder, depth // 2))


def _folder_route(repo: RepositoryRef, sha: str, folder: str) -> Route:
    """The final slash says that a folder is meant: a file of this name is none."""
    if not folder:
        return in_repository(repo, "/src/{sha}/", sha=sha)
    return in_repository(repo, "/src/{sha}/{+path}/", sha=sha, path=folder)


def _level(path: str, folder: str) -> int:
    """How many levels below a folder a path lies, from 1."""
    return path.count("/") + 1 - (folder.count("/") + 1 if folder else 0)


def _sorted(entries: Iterable[TreeEntry]) -> tuple[TreeEntry, ...]:
    """In git's order, that of the paths' bytes."""
    return tuple(sorted(entries, key=lambda entry: entry.path.encode("utf-8", "surrogatepass")))
