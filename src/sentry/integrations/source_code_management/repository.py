"""Capabilities around repositories: what can be read of them, and how git reaches them."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    FileChange,
    FileContent,
    MirrorSource,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
    TreeInfo,
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

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """What the host says by now of a repository that is known, whatever it is called.

        Asked for by the host's id, wherever the host has such addresses.

        Raises:
            NotFound: absent, or not visible to the credential.
            RepositoryReplaced: the host goes by names, and another one has this name.
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

        "refs/heads/x" is a branch and "refs/tags/x" a tag, whatever else is called x.

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


@runtime_checkable
class ComparisonIntegration(Protocol):
    """Compares commits."""

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """What ``head`` has that ``base`` has not; both are full commit ids.

        At most ``max_commits`` commits, newest first; of more, the newest.

        Raises:
            NotFound: no such commit, or the two have no common ancestor.
        """
        ...

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """What a commit changed against its first parent; at most 3,000 files.

        Raises:
            NotFound: no such commit.
        """
        ...


@runtime_checkable
class TreeIntegration(Protocol):
    """Lists files."""

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """Every file below a folder as of commit ``sha`` (a full id), all levels down.

        Args:
            repo: the repository.
            sha: a full commit id.
            path: a folder, without a final slash; "" for the root.
            max_entries: where there are more, these many and ``truncated``.

        Raises:
            NotFound: no such commit or folder.
        """
        ...


@runtime_checkable
class BranchIntegration(Protocol):
    """Lists branches."""

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """The branches whose names hold ``query``, page after page, as they arrive."""
        ...


@runtime_checkable
class PullRequestIntegration(Protocol):
    """Reads pull requests, which some hosts call merge requests."""

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """The pull requests that brought or hold commit ``sha`` (a full id); at most 100.

        Raises:
            NotFound: no such commit, where the host tells it from a commit without any.
        """
        ...


@runtime_checkable
class CodeSearchIntegration(Protocol):
    """Searches the code of a repository, with the host's own index."""

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """A page of the files that hold the words of ``query``, and whether more follow.

        What the host's search takes for an operator is sent as a word, as far as the host has a
        way to quote it. The index lags behind, and covers what the host indexes: as a rule the
        default branch.

        Args:
            repo: the repository.
            query: words, not empty.
            page: counted from 1.
            per_page: at most 100.
        """
        ...


@runtime_checkable
class MirrorIntegration(Protocol):
    """Lets git itself fetch a repository."""

    def get_mirror_identity(self) -> str:
        """A digest that names the host and the credential without telling either.

        It stays when the credential is renewed. Makes no host request.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        ...

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """Where to fetch the repository now and with what credential.

        Called only when something is going to be fetched: where git's address holds a name, the
        host is asked for the one that the repository of ``repo.external_id`` has by now.

        Args:
            repo: the repository.
            rejected: a source whose credential the host refused; the answer has a newer one.

        Raises:
            NotFound: the host has no such repository.
            IntegrationBroken: there is no newer credential.
        """
        ...
