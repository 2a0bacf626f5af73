"""The capability of blame: which commit last changed a line."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)


@runtime_checkable
class CommitContextIntegration(Protocol):
    """Blames lines and files."""

    def get_blame_for_files(
        self, files: Sequence[SourceLineInfo]
    ) -> list[FileBlameInfo | ScmError]:
        """The blame of each line, at the place of its question.

        As few host requests as the host allows. A line, file or commit that does not exist is a
        ``NotFound`` at its place; what concerns one line never fails the others.

        Raises:
            HostError, IntegrationBroken: nothing at all could be asked.
        """
        ...

    def get_file_blame(
        self, repo: RepositoryRef, *, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        """The blame of a whole file as of commit ``sha`` (a full id): its ranges in order.

        Raises:
            NotFound: no such commit or file.
        """
        ...
