"""From blamed files to blamed lines."""

import functools
from collections.abc import Iterator, Sequence

from sentry import options
from sentry.integrations.github.client import GitHubClient
from sentry.integrations.github.parse_blame import BlamedFile, BlameTarget
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostError,
    InvalidArgument,
    NotFound,
    PreconditionFailed,
    ScmError,
)
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.lines import split_lines
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)

type _File = tuple[RepositoryRef, BlameTarget]
# What would stop any further request, too.
_WHOLE_CALL = (HostError, PreconditionFailed, DeadlineExceeded)


def blame_lines(
    client: GitHubClient, lines: Sequence[SourceLineInfo]
) -> list[FileBlameInfo | ScmError]:
    """The blame of each line at its place: one query for up to ten files of a repository.

    The code is the line's own text. Of a file that GitHub cuts, the text is read raw, as far as
    the largest answer goes; a line beyond that, and one of a binary file, has "".

    Raises:
        HostError, IntegrationBroken, DeadlineExceeded: every line failed so.
    """
    answers: dict[_File, _Lines | ScmError] = {}
    for repo in dict.fromkeys(line.repo for line in lines):
        answers |= _blame_repository(client, repo, lines)
    results = [_line_of(answers[_file_of(line)], line) for line in lines]
    failures = [result for result in results if isinstance(result, _WHOLE_CALL)]
    if failures and len(failures) == len(results):
        raise failures[0]
    return results


def blame_whole_file(
    client: GitHubClient, repo: RepositoryRef, *, path: str, sha: str
) -> Iterator[BlameRangeInfo]:
    """The ranges of a file in order, with their lines; what ``code`` lacks, ``lines`` lack too.

    Raises:
        NotFound: no such commit or file.
    """
    target = BlameTarget(ref=sha, path=path)
    route("{+path}", path=path)
    blamed = client.graphql.get_blame(repo, [target])[0]
    if isinstance(blamed, ScmError):
        raise blamed
    yield from _Lines(client, repo, target, blamed).ranges()


class _Lines:
    """A blamed file, with its lines once they are wanted."""

    def __init__(
        self, client: GitHubClient, repo: RepositoryRef, target: BlameTarget, blamed: BlamedFile
    ) -> None:
        self._client = client
        self._repo = repo
        self._target = target
        self.blamed = blamed
        self._lines: list[str] | None = None

    def text(self, number: int) -> str:
        """The text of a line (from 1); "" where it cannot be had."""
        if self._lines is None:
            self._lines = split_lines(self._whole_text())
        return self._lines[number - 1] if number <= len(self._lines) else ""

    def ranges(self) -> Iterator[BlameRangeInfo]:
        """The ranges in order with their lines."""
        for item in self.blamed.ranges:
            yield BlameRangeInfo(
                start=item.start,
                end=item.end,
                commit=item.commit,
                lines=tuple(self.text(number) for number in range(item.start, item.end + 1)),
            )

    @functools.cached_property
    def whole(self) -> tuple[BlameRangeInfo, ...]:
        """All of them."""
        return tuple(self.ranges())

    def _whole_text(self) -> str:
        if self.blamed.is_binary:
            return ""
        if self.blamed.text is not None:
            return self.blamed.text
        return self._client.get_text(
            self._repo,
            path=self._target.path,
            ref=self._target.ref,
            max_bytes=options.get_int("scm.http.max-response-bytes"),
        )


def _file_of(line: SourceLineInfo) -> _File:
    return line.repo, BlameTarget(ref=line.ref, path=line.path)


def _blame_repository(
    client: GitHubClient, repo: RepositoryRef, lines: Sequence[SourceLineInfo]
) -> dict[_File, _Lines | ScmError]:
    """Every file of one repository that the lines ask about."""
    files = dict.fromkeys(_file_of(line) for line in lines if line.repo == repo)
    results: dict[_File, _Lines | ScmError] = {}
    targets: list[BlameTarget] = []
    for file in files:
        refusal = _refusal(file[1])
        if refusal is None:
            targets.append(file[1])
        else:
            results[file] = refusal
    try:
        answers = client.graphql.get_blame(repo, targets)
    except InvalidArgument as error:
        return dict.fromkeys(files, error)
    for target, answer in zip(targets, answers, strict=True):
        results[repo, target] = (
            answer if isinstance(answer, ScmError) else _Lines(client, repo, target, answer)
        )
    return results


def _refusal(target: BlameTarget) -> ScmError | None:
    """Why GitHub need not be asked: a ref or a path that git would read as something else."""
    try:
        route("{+path}", path=target.path)
        route("{ref}", ref=target.ref)
    except InvalidArgument as error:
        return error
    return NotFound("commit") if set(target.ref) & set(":^~@{? *[\\") else None


def _line_of(answer: _Lines | ScmError, line: SourceLineInfo) -> FileBlameInfo | ScmError:
    if isinstance(answer, ScmError):
        return answer
    found = answer.blamed.range_of(line.lineno)
    if found is None:
        return NotFound("line")
    try:
        code = answer.text(line.lineno)
    except ScmError as error:
        return error
    return FileBlameInfo(
        line=line,
        commit=found.commit,
        code=code,
        has_ignore_revs=answer.blamed.has_ignore_revs,
        whole=answer.whole,
    )
