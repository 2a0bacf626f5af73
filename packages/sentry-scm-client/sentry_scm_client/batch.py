"""Many lines in one call: what a batch is made of, and what comes back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .errors import Internal, ScmError, error_for
from .scm_pb2 import (
    BatchGetCommitContextRequest,
    BatchGetCommitContextResponse,
    CommitContext,
    CommitContextResult,
    GetCommitContextRequest,
)

# BatchGetCommitContextRequest.requests: at most so many.
_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class LineRef:
    """One line of a file as of a commit. `line_number` counts from 1."""

    repository_id: int
    commit_sha: str
    filepath: str
    line_number: int


LineLike = GetCommitContextRequest | LineRef | tuple[int, str, str, int]


def batches(lines: Iterable[LineLike]) -> Iterator[BatchGetCommitContextRequest]:
    """Cut lines into requests of the size that the server takes; no lines, no request."""
    rest = (_request(line) for line in lines)
    while batch := list(islice(rest, _AT_MOST)):
        yield BatchGetCommitContextRequest(requests=batch)


def results(
    request: BatchGetCommitContextRequest, response: BatchGetCommitContextResponse
) -> list[CommitContext | ScmError]:
    """The outcome of each line, in the order of the request.

    Raises Internal where the server answered more or fewer lines than were asked.
    """
    answered: Sequence[CommitContextResult] = response.results
    if len(answered) != len(request.requests):
        raise Internal(f"{len(request.requests)} lines were asked, {len(answered)} answered")
    return [_outcome(result) for result in answered]


def _request(line: LineLike) -> GetCommitContextRequest:
    if isinstance(line, GetCommitContextRequest):
        return line
    if isinstance(line, tuple):
        line = LineRef(*line)
    return GetCommitContextRequest(
        repository_id=line.repository_id,
        commit_sha=line.commit_sha,
        filepath=line.filepath,
        line_number=line.line_number,
    )


def _outcome(result: CommitContextResult) -> CommitContext | ScmError:
    if result.HasField("context"):
        return result.context
    if not result.HasField("status") or result.status.code == 0:
        return Internal("the server answered neither a context nor an error for this line")
    status = result.status
    return error_for(status.code, status.message, status.SerializeToString())
