"""From pages of blame to blamed lines and files."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sentry.integrations.bitbucket_server.client import BitbucketServerClient
from sentry.integrations.bitbucket_server.commit_lookup import FINAL, find_commits
from sentry.integrations.bitbucket_server.parse_blame import BlamePage, BlameSpan
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostError,
    HostUnavailable,
    NotFound,
    PreconditionFailed,
    ScmError,
)
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    CommitInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)

_LINES = 5000  # as many as a server gives in a page (page.max.source.lines)
# What would stop any further request, too.
_WHOLE_CALL = (HostError, PreconditionFailed, DeadlineExceeded)
_NO_NAME = frozenset(":^~@{? *[\\")  # git would read it as something else than a name


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    repo: RepositoryRef
    path: str
    ref: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    sha: str
    text: str


def blame_lines(
    client: BitbucketServerClient, lines: Sequence[SourceLineInfo]
) -> list[FileBlameInfo | ScmError]:
    """The blame of each line at its place: one request for all lines of a file, as a rule.

    Lines that are more than a page of the host's apart take a request each. Once the host's limit
    is used up, or our credential refused, it is not asked for the files that follow. What a blame
    lacks of its commits is asked for apart (see ``find_commits``). The code is the line's own
    text, "" in a binary file.

    Raises:
        HostError, IntegrationBroken, DeadlineExceeded: every line failed so.
    """
    wanted: dict[_File, set[int]] = {}
    for line in lines:
        wanted.setdefault(_file_of(line), set()).add(line.lineno)
    answers: dict[_File, _Answer | ScmError] = {}
    final: ScmError | None = None
    for file, numbers in wanted.items():
        answer = answers[file] = final or _blame_file(client, file, numbers)
        final = answer if isinstance(answer, FINAL) else None
    results = [_line_of(answers[_file_of(line)], line) for line in lines]
    failures = [result for result in results if isinstance(result, _WHOLE_CALL)]
    if failures and len(failures) == len(results):
        raise failures[0]
    return results


def _file_of(line: SourceLineInfo) -> _File:
    return _File(repo=line.repo, path=line.path, ref=line.ref)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The lines that were found in a file, and their commits."""

    lines: dict[int, _Line]
    commits: dict[str, CommitInfo | ScmError]


def _blame_file(
    client: BitbucketServerClient, file: _File, numbers: Collection[int]
) -> _Answer | ScmError:
    if not file.ref or set(file.ref) & _NO_NAME:
        return NotFound("commit")
    try:
        name = client.current_name(file.repo).identifier
        lines = _find_lines(client, name, file, numbers)
        shas = [line.sha for line in lines.values()]
        commits = find_commits(client, name, shas, path=file.path, until=file.ref)
        return _Answer(lines, commits)
    except ScmError as error:
        return error


def _find_lines(
    client: BitbucketServerClient, name: str, file: _File, numbers: Collection[int]
) -> dict[int, _Line]:
    """The asked lines that the file has; a page begins and ends with a line that is asked for."""
    found: dict[int, _Line] = {}
    left = sorted(numbers)
    while left:
        first = left[0]
        last = max(number for number in left if number < first + _LINES)
        page = client.get_blame(
            name, path=file.path, ref=file.ref, first=first, count=last - first + 1
        )
        owners = _owners(page, left)
        found |= owners
        left = [number for number in left if number not in owners]
        if page.is_last:
            break
        if not owners:
            raise HostUnavailable("the host did not blame the lines that were asked for")
    return found


def _owners(page: BlamePage, numbers: Collection[int]) -> dict[int, _Line]:
    """Those of the lines that are on the page."""
    return {
        number: _Line(sha=span.sha, text=page.texts[number - page.first])
        for span in page.spans
        for number in numbers
        if span.start <= number <= span.end
    }


def _line_of(answer: _Answer | ScmError, line: SourceLineInfo) -> FileBlameInfo | ScmError:
    if isinstance(answer, ScmError):
        return answer
    found = answer.lines.get(line.lineno)
    if found is None:
        return NotFound("line")
    commit = answer.commits[found.sha]
    if isinstance(commit, ScmError):
        return commit
    return FileBlameInfo(line=line, commit=commit, code=found.text)


def blame_whole_file(
    client: BitbucketServerClient, repo: RepositoryRef, *, path: str, sha: str
) -> Iterator[BlameRangeInfo]:
    """The ranges of a file in order; a range that goes on over a page's edge is one.

    Raises:
        NotFound: no such commit or file.
    """
    held: BlameRangeInfo | None = None
    name = client.current_name(repo).identifier
    for page in _pages(client, name, path=path, sha=sha):
        shas = [span.sha for span in page.spans]
        commits = find_commits(client, name, shas, path=path, until=sha)
        for span in page.spans:
            new = _range(page, span, commits[span.sha])
            if held is not None and held.commit.sha == new.commit.sha:
                held = _joined(held, new)
                continue
            if held is not None:
                yield held
            held = new
    if held is not None:
        yield held


def _pages(client: BitbucketServerClient, name: str, *, path: str, sha: str) -> Iterator[BlamePage]:
    """The pages of a file's blame to its end."""
    first = 1
    while True:
        page = client.get_blame(name, path=path, ref=sha, first=first, count=_LINES)
        yield page
        if page.is_last:
            return
        if page.first != first or page.end < first:
            raise HostUnavailable("the host's list of pages does not end")
        first = page.end + 1


def _range(page: BlamePage, span: BlameSpan, commit: CommitInfo | ScmError) -> BlameRangeInfo:
    if isinstance(commit, ScmError):
        raise commit
    texts = page.texts[span.start - page.first : span.end - page.first + 1]
    return BlameRangeInfo(start=span.start, end=span.end, commit=commit, lines=texts)


def _joined(one: BlameRangeInfo, other: BlameRangeInfo) -> BlameRangeInfo:
    return BlameRangeInfo(
        start=one.start, end=other.end, commit=one.commit, lines=one.lines + other.lines
    )
