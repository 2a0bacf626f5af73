"""From lines that are asked about to GitLab's blame, one request for each file."""

from collections.abc import Iterator, Sequence

from sentry.integrations.gitlab.client import GitLabClient
from sentry.integrations.gitlab.names import Project, project_of
from sentry.integrations.gitlab.parse_blame import parse_blame
from sentry.integrations.gitlab.source_urls import SourceUrls
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostError,
    NotFound,
    PreconditionFailed,
    ScmError,
)
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)

type _File = tuple[RepositoryRef, str, str]
# What would stop any further request, too.
_WHOLE_CALL = (HostError, PreconditionFailed, DeadlineExceeded)
# What git would take for more than the name of a commit.
_NO_COMMIT = frozenset(":^~@{? *[\\")


class LineBlame:
    """Blames lines and files with one client."""

    def __init__(self, client: GitLabClient, urls: SourceUrls) -> None:
        """Takes the client, and what makes commits' pages."""
        self._client = client
        self._urls = urls

    def of_lines(self, lines: Sequence[SourceLineInfo]) -> list[FileBlameInfo | ScmError]:
        """The blame of each line at its place: one request for a file, for its smallest range.

        Raises:
            HostError, IntegrationBroken, DeadlineExceeded: every line failed so.
        """
        answers: dict[_File, list[BlameRangeInfo] | ScmError] = {}
        files = list(dict.fromkeys(_file_of(line) for line in lines))
        self._client.expect_blames(len(files))
        for file in files:
            numbers = [line.lineno for line in lines if _file_of(line) == file]
            answers[file] = self._ask(file, (min(numbers), max(numbers)))
        results = [_line_of(answers[_file_of(line)], line) for line in lines]
        failures = [result for result in results if isinstance(result, _WHOLE_CALL)]
        if failures and len(failures) == len(results):
            raise failures[0]
        return results

    def of_file(self, repo: RepositoryRef, *, path: str, sha: str) -> Iterator[BlameRangeInfo]:
        """The ranges of a whole file in order.

        Raises:
            NotFound: no such commit or file.
        """
        yield from self._blame(repo, path, sha, None)

    def _ask(self, file: _File, lines: tuple[int, int]) -> list[BlameRangeInfo] | ScmError:
        repo, path, sha = file
        if set(sha) & _NO_COMMIT:
            return NotFound("commit")
        try:
            return self._blame(repo, path, sha, lines)
        except ScmError as error:
            return error

    def _blame(
        self, repo: RepositoryRef, path: str, sha: str, lines: tuple[int, int] | None
    ) -> list[BlameRangeInfo]:
        project: Project = project_of(repo)
        answer = self._client.get_blame(project, path=path, sha=sha, lines=lines)
        return parse_blame(
            answer.json(),
            first=lines[0] if lines else 1,
            commit_url=lambda found: self._urls.of_commit(repo, sha=found),
        )


def _file_of(line: SourceLineInfo) -> _File:
    return line.repo, line.path, line.ref


def _line_of(
    answer: Sequence[BlameRangeInfo] | ScmError, line: SourceLineInfo
) -> FileBlameInfo | ScmError:
    if isinstance(answer, ScmError):
        return answer
    for found in answer:
        if found.start <= line.lineno <= found.end:
            code = found.lines[line.lineno - found.start]
            return FileBlameInfo(line=line, commit=found.commit, code=code)
    return NotFound("line")
