"""Blame: which commit last changed a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sentry.auth.caller import Caller
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.blame_sources import BlameSources
from sentry.integrations.source_code_management.actions.commits import resolve_sha
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.rows import (
    find_repositories,
    find_repository,
)
from sentry.integrations.source_code_management.errors import (
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.repository import CommitIntegration
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    Capability,
    CommitContext,
    FileBlameInfo,
    Repository,
    SourceLineInfo,
)
from sentry.integrations.source_code_management.validation import (
    clean_id,
    clean_line_number,
    clean_path,
    clean_sha,
)

MAX_BATCH = 100

type Result = CommitContext | ScmError


@dataclass(frozen=True, kw_only=True, slots=True)
class LineQuestion:
    """One line to blame, as a caller asks for it."""

    repository_id: int
    commit_sha: str
    filepath: str
    line_number: int

    def cleaned(self) -> "LineQuestion":
        """The question in clean form.

        Raises:
            InvalidArgument: a value that can never work.
        """
        return LineQuestion(
            repository_id=clean_id("repository_id", self.repository_id),
            commit_sha=clean_sha("commit_sha", self.commit_sha),
            filepath=clean_path("filepath", self.filepath),
            line_number=clean_line_number("line_number", self.line_number),
        )


def get_commit_context(caller: Caller, question: LineQuestion) -> CommitContext:
    """The commit that last changed a line, as of a commit, and the line itself.

    Raises:
        InvalidArgument: a value that can never work, or a sha that fits several commits.
        NotFound: no such repository, commit, file or line.
        TooLarge: no host blames the file, and for a mirror it is too large.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    question = question.cleaned()
    repository = find_repository(caller, question.repository_id)
    (result,) = _blame(caller, repository, [question])
    if isinstance(result, ScmError):
        raise result
    return result


def batch_get_commit_context(caller: Caller, questions: Sequence[LineQuestion]) -> list[Result]:
    """The answer to each question at its place; an error about one never fails the others.

    One query finds all repositories; a host is asked once for each repository where it can.

    Raises:
        InvalidArgument: no question, or more than 100.
    """
    if not 1 <= len(questions) <= MAX_BATCH:
        raise InvalidArgument("requests", f"expected 1 to {MAX_BATCH} of them")
    answers: dict[int, Result] = {}
    by_repository: dict[int, dict[int, LineQuestion]] = {}
    for place, question in enumerate(questions):
        try:
            clean = question.cleaned()
        except InvalidArgument as error:
            answers[place] = error
        else:
            by_repository.setdefault(clean.repository_id, {})[place] = clean
    repositories = find_repositories(caller, by_repository)
    for repository_id, asked in by_repository.items():
        repository = repositories.get(repository_id)
        results = (
            _blame_or_error(caller, repository, list(asked.values()))
            if repository
            else [NotFound("repository")] * len(asked)
        )
        answers.update(zip(asked, results, strict=True))
    return [answers[place] for place in range(len(questions))]


def stream_file_blame(
    caller: Caller, *, repository_id: int, commit_sha: str, filepath: str
) -> Iterator[BlameRangeInfo]:
    """The blame of a whole file: its ranges in order.

    The repository is looked up when the first range is asked for.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such repository, commit or file.
        TooLarge: no host blames the file, and for a mirror it is too large.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    sha = clean_sha("commit_sha", commit_sha)
    path = clean_path("filepath", filepath)
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    sources = BlameSources(installation, repository)
    full = _resolve(installation, repository, sha)
    yield from sources.blame_whole_file(path=path, sha=full)


def _blame_or_error(
    caller: Caller, repository: Repository, questions: Sequence[LineQuestion]
) -> list[Result]:
    try:
        return _blame(caller, repository, questions)
    except ScmError as error:
        return [error] * len(questions)


def _blame(
    caller: Caller, repository: Repository, questions: Sequence[LineQuestion]
) -> list[Result]:
    """Blames lines of one repository, all together."""
    installation = installation_of_repository(caller, repository)
    sources = BlameSources(installation, repository)
    full_ids: dict[str, str | ScmError] = {}
    for sha in {question.commit_sha for question in questions}:
        try:
            full_ids[sha] = _resolve(installation, repository, sha)
        except (NotFound, InvalidArgument) as error:
            full_ids[sha] = error
    repo = ref_of(repository)
    lines: dict[int, SourceLineInfo] = {}
    results: dict[int, Result] = {}
    for place, question in enumerate(questions):
        full = full_ids[question.commit_sha]
        if isinstance(full, ScmError):
            results[place] = full
        else:
            lines[place] = SourceLineInfo(
                lineno=question.line_number, path=question.filepath, ref=full, repo=repo
            )
    if lines:
        blamed = sources.blame_lines(list(lines.values()))
        for place, answer in zip(lines, blamed, strict=True):
            results[place] = _to_context(repository, answer)
    return [results[place] for place in range(len(questions))]


def _resolve(installation: Integration, repository: Repository, sha: str) -> str:
    commits = require(installation, CommitIntegration, Capability.COMMITS)
    return resolve_sha(commits, repository, sha)


def _to_context(repository: Repository, answer: FileBlameInfo | ScmError) -> Result:
    if isinstance(answer, ScmError):
        return answer
    return CommitContext(
        repository_id=repository.id,
        commit_sha=answer.line.ref,
        filename=answer.line.path,
        line_number=answer.line.lineno,
        blame=answer.commit,
        code=answer.code,
        source=answer.source,
        ignore_revs_applied=answer.ignore_revs_applied,
    )
