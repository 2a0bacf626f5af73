"""Capabilities around repositories: listing them, their commits, files and source URLs."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.types import (
    CommitInfo,
    FileContent,
    RepositoryInfo,
    RepositoryRef,
)


@runtime_checkable
class RepositoryIntegration(Protocol):
    """Lists and finds repositories on the host."""

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """The repositories that the credential reaches, page after page, as they arrive.

        Args:
            query: a part of the name, passed to the host's search where it has one.

        Raises:
            HostError, IntegrationBroken: the host did not answer, or not to us.
        """
        ...

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """One repository by the host's name for it.

        Raises:
            NotFound: absent, or not visible to the credential.
        """
        ...

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        """Whether the credential reaches the repository now."""
        ...

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        """The default branch; None for an empty repository."""
        ...


@runtime_checkable
class CommitIntegration(Protocol):
    """Reads commits."""

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """One commit by its id or by an abbreviation of it.

        Raises:
            NotFound: no such commit.
            InvalidArgument: the abbreviation fits several commits (field ``commit_sha``).
        """
        ...

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """The full id of the commit that a branch, a tag or an id names; "" is the default branch.

        Raises:
            NotFound: no such ref.
        """
        ...

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """A page of the history of commit ``sha``, newest first, and whether more follow.

        Args:
            repo: the repository.
            sha: a full commit id.
            path: only commits that touch it; "" for all.
            page: counted from 1.
            per_page: at most 100.
        """
        ...


@runtime_checkable
class FileIntegration(Protocol):
    """Reads files."""

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """The first ``max_bytes`` of a file as of commit ``sha`` (a full id).

        Raises:
            NotFound: no such file; a folder is none.
        """
        ...


@runtime_checkable
class SourceUrlIntegration(Protocol):
    """Makes and reads links to source code. Makes no host request."""

    def source_url_matches(self, url: str) -> bool:
        """Whether the URL belongs to this installation's host."""
        ...

    def format_source_url(self, repo: RepositoryRef, *, path: str, ref: str) -> str:
        """The page of a file as of a branch, tag or commit."""
        ...

    def extract_branch_from_source_url(self, repo: RepositoryRef, url: str) -> str:
        """The branch in such a URL; "" where there is none."""
        ...

    def extract_source_path_from_source_url(self, repo: RepositoryRef, url: str) -> str:
        """The file's path in such a URL; "" where there is none."""
        ...

    def format_commit_url(self, repo: RepositoryRef, *, sha: str) -> str:
        """The page of a commit."""
        ...
