"""The repositories that an emulator hosts."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from forge_emulator import git


def stable_number(name: str) -> int:
    """A positive number under 2**30 that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % (1 << 30) + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class HostedRepository:
    """A git repository on disk (bare, or with a work tree) under the name that the host gives it.

    `full_name` is `owner/name`, where the owner may be a path too (`group/subgroup/name`); `id` 0
    stands for a number made from the name. Raises `ValueError` for another form of name.
    """

    full_name: str
    path: str | Path
    id: int = 0
    private: bool = False
    description: str = ""
    archived: bool = False
    has_issues: bool = True
    created_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        if "/" not in self.full_name or "" in self.full_name.split("/"):
            raise ValueError(f"not a name of the form owner/name: {self.full_name!r}")
        if self.id == 0:
            object.__setattr__(self, "id", stable_number(self.full_name))

    @property
    def owner(self) -> str:
        return self.full_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A hosted repository together with its git directory and the time it was added.

    `owner_key` tells its owner from others, whatever the owner is called by now.
    """

    hosted: HostedRepository
    git_dir: Path = field(repr=False)
    added_at: datetime
    owner_key: str

    @property
    def id(self) -> int:
        return self.hosted.id

    @property
    def full_name(self) -> str:
        return self.hosted.full_name

    def default_branch(self) -> str:
        return git.default_branch(self.git_dir)


class Repositories:
    """All hosted repositories; names are compared without letter case, as the hosts do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, Repository] = {}
        self._former: dict[str, int] = {}
        self._owners: dict[str, str] = {}  # their keys by their names of now

    def add(self, hosted: HostedRepository, now: datetime) -> Repository:
        """Host a repository; raises `GitError` when there is none at its path.

        Raises `ValueError` when the name or the id is taken.
        """
        git_dir = git.find_git_dir(Path(hosted.path).absolute())
        with self._lock:
            if hosted.full_name.lower() in self._by_name:
                raise ValueError(f"there is already a repository {hosted.full_name!r}")
            if any(other.id == hosted.id for other in self._by_name.values()):
                raise ValueError(f"there is already a repository with the id {hosted.id}")
            repository = Repository(
                hosted=hosted,
                git_dir=git_dir,
                added_at=now,
                owner_key=self._owner_key(hosted.owner),
            )
            self._by_name[hosted.full_name.lower()] = repository
        return repository

    def _owner_key(self, owner: str) -> str:
        """The owner's name, unless one that is called otherwise now had it before."""
        name = owner.lower()
        if name not in self._owners:
            taken, number = set(self._owners.values()), 1
            key = name
            while key in taken:
                number += 1
                key = f"{name}/{number}"
            self._owners[name] = key
        return self._owners[name]

    def remove(self, full_name: str) -> None:
        """Host it no longer; the files stay. Raises `KeyError`."""
        with self._lock:
            del self._by_name[full_name.lower()]

    def rename(self, full_name: str, new_name: str) -> Repository:
        """Another full name for the same repository; raises `KeyError` and `ValueError`."""
        with self._lock:
            found = self._by_name[full_name.lower()]
            taken = self._by_name.get(new_name.lower())
            if taken is not None and taken is not found:
                raise ValueError(f"there is already a repository {new_name!r}")
            hosted = replace(found.hosted, full_name=new_name)
            return self._moved(found, hosted, self._owner_key(hosted.owner))

    def rename_owner(self, owner: str, new_name: str) -> None:
        """Another name for an owner and so for what it has; raises `KeyError` and `ValueError`."""
        with self._lock:
            if new_name.lower() in self._owners:
                raise ValueError(f"there is already an owner {new_name!r}")
            key = self._owners.pop(owner.lower())
            self._owners[new_name.lower()] = key
            for found in [each for each in self._by_name.values() if each.owner_key == key]:
                full_name = f"{new_name}/{found.hosted.name}"
                self._moved(found, replace(found.hosted, full_name=full_name), key)

    def _moved(self, found: Repository, hosted: HostedRepository, owner_key: str) -> Repository:
        moved = replace(found, hosted=hosted, owner_key=owner_key)
        del self._by_name[found.full_name.lower()]
        self._by_name[hosted.full_name.lower()] = moved
        self._former[found.full_name.lower()] = moved.id
        return moved

    def by_name(self, full_name: str) -> Repository | None:
        with self._lock:
            return self._by_name.get(full_name.lower())

    def by_former_name(self, full_name: str) -> Repository | None:
        """The repository that had this name, which no other has now."""
        with self._lock:
            number = self._former.get(full_name.lower())
            taken = full_name.lower() in self._by_name
        return None if number is None or taken else self.by_id(number)

    def by_id(self, number: int) -> Repository | None:
        return next((found for found in self.all() if found.id == number), None)

    def all(self) -> list[Repository]:
        """All of them, by name."""
        with self._lock:
            return sorted(self._by_name.values(), key=lambda found: found.full_name.lower())
