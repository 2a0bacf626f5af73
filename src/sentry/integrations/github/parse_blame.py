"""Asks for and reads blame in GitHub's GraphQL. Pure.

GitHub has blame in GraphQL only, without a line argument. One query asks for many files: file N
has the aliases ``cN`` (its commit with the blame), ``tN`` (its text) and ``iN`` (the commit's list
of revisions to ignore, if it has one). Errors come inside a 200 and name the alias in their
``path``.
"""

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from sentry.integrations.github.parse import parse_author
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    unexpected,
)
from sentry.integrations.source_code_management.types import CommitInfo

_HEAVY_TYPES = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"})
_HEAVY_TEXT = re.compile(
    r"time[sd]? ?-?out|something went wrong|respond to your request in time", re.IGNORECASE
)
_RANGES = """
  ranges { startingLine endingLine commit {
    oid message committedDate url author { name email user { login } }
  } }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlameTarget:
    """A file to blame: ``path`` as of ``ref``."""

    ref: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BlamedRange:
    """Lines ``start`` to ``end`` (from 1, both included) of one commit."""

    start: int
    end: int
    commit: CommitInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class BlamedFile:
    """A file's ranges in order and its text; None where GitHub sends it cut, or not at all.

    ``has_ignore_revs`` says whether the commit has a ``.git-blame-ignore-revs``.
    """

    ranges: tuple[BlamedRange, ...]
    text: str | None
    is_binary: bool
    has_ignore_revs: bool = False

    def range_of(self, line: int) -> BlamedRange | None:
        """The range that holds a line; None where the file has no such line."""
        return next((item for item in self.ranges if item.start <= line <= item.end), None)


class TooHeavy:
    """Stands for a file that GitHub gave up on: it may answer a smaller question."""


type BlameAnswer = BlamedFile | ScmError | TooHeavy


def blame_query(count: int) -> str:
    """The query for ``count`` files; every value is a variable."""
    names = [
        f"$e{n}: String!, $p{n}: String!, $b{n}: String!, $i{n}: String!" for n in range(count)
    ]
    parts = [
        f"c{n}: object(expression: $e{n}) {{ __typename ... on Commit {{"
        f" blame(path: $p{n}) {{ {_RANGES} }} }} }}\n"
        f"t{n}: object(expression: $b{n}) {{ __typename ... on Blob {{"
        " text isBinary isTruncated } }\n"
        f"i{n}: object(expression: $i{n}) {{ __typename }}"
        for n in range(count)
    ]
    variables = ", ".join(["$owner: String!", "$name: String!", *names])
    fields = "\n".join(parts)
    return (
        f"query Blame({variables}) {{ repository(owner: $owner, name: $name) {{\n"
        f"databaseId\n{fields}\n}} }}"
    )


def blame_variables(owner: str, name: str, targets: Sequence[BlameTarget]) -> dict[str, Json]:
    """The variables of ``blame_query``."""
    variables: dict[str, Json] = {"owner": owner, "name": name}
    for n, target in enumerate(targets):
        variables[f"e{n}"] = target.ref
        variables[f"p{n}"] = target.path
        variables[f"b{n}"] = f"{target.ref}:{target.path}"
        variables[f"i{n}"] = f"{target.ref}:.git-blame-ignore-revs"
    return variables


@dataclass(frozen=True, kw_only=True, slots=True)
class _Problem:
    kind: str
    message: str
    path: tuple[Json, ...]

    def concerns(self, alias: str) -> bool:
        return alias in self.path

    def meaning(self, resource: str) -> ScmError | TooHeavy:
        if self.kind in _HEAVY_TYPES or (not self.kind and _HEAVY_TEXT.search(self.message)):
            return TooHeavy()
        if self.kind == "NOT_FOUND":
            return NotFound(resource)
        if self.kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
            return HostForbidden("read this", status=200)
        return HostUnavailable("the host could not answer the query", status=200)


def parse_blame(value: Json, count: int, *, repository_id: str = "") -> list[BlameAnswer]:
    """What the query for ``count`` files gave, file by file; partial data is kept.

    A commit or file that is absent is a NotFound at its place. With ``repository_id``, an answer
    about any other repository is a NotFound of the repository at every place.

    Raises:
        HostRateLimited: the GraphQL limit is used up (without the time that it lasts).
        HostUnavailable: an unexpected shape.
    """
    answer = as_object(value, "answer")
    problems = _problems(answer)
    if any(problem.kind in ("RATE_LIMITED", "RATE_LIMIT") for problem in problems):
        raise HostRateLimited(None, status=200)
    data = answer.optional_object("data")
    repository = data.optional_object("repository") if data else None
    if repository is None:
        return [_absent(data, problems)] * count
    if repository_id and str(repository.optional_integer("databaseId")) != repository_id:
        return [NotFound("repository")] * count
    commits: MutableMapping[str, CommitInfo] = {}
    return [_file(n, repository, problems, commits) for n in range(count)]


def _problems(answer: JsonObject) -> list[_Problem]:
    if answer.get("errors") is None:
        return []
    return [
        _Problem(
            kind=item.optional_text("type") or "",
            message=item.optional_text("message") or "",
            path=tuple(path) if isinstance(path := item.get("path"), list) else (),
        )
        for item in answer.objects("errors")
    ]


def _absent(data: JsonObject | None, problems: Sequence[_Problem]) -> ScmError | TooHeavy:
    """Why there is no repository in the answer: it is unknown, or the whole query failed."""
    if problems:
        return problems[0].meaning("repository")
    if data is None or "repository" not in data:
        raise unexpected("answer.data")
    return NotFound("repository")


def _file(
    n: int,
    repository: JsonObject,
    problems: Sequence[_Problem],
    commits: MutableMapping[str, CommitInfo],
) -> BlameAnswer:
    for alias, outer in ((f"c{n}", "commit"), (f"t{n}", "file")):
        for problem in problems:
            if problem.concerns(alias):
                # An error below the commit is about the path.
                return problem.meaning(outer if problem.path[-1] == alias else "file")
    commit = repository.optional_object(f"c{n}")
    blob = repository.optional_object(f"t{n}")
    general = [problem for problem in problems if len(problem.path) < 2]  # noqa: PLR2004 -- no alias
    if (commit is None or blob is None) and general:
        return general[0].meaning("file")
    if commit is None or commit.text("__typename") != "Commit":
        return NotFound("commit")
    if blob is None or blob.text("__typename") != "Blob":
        return NotFound("file")
    listed = repository.optional_object(f"i{n}")
    has_ignore_revs = listed is not None and listed.text("__typename") == "Blob"
    return _blamed(commit, blob, commits, has_ignore_revs=has_ignore_revs)


def _blamed(
    commit: JsonObject,
    blob: JsonObject,
    commits: MutableMapping[str, CommitInfo],
    *,
    has_ignore_revs: bool,
) -> BlamedFile:
    ranges = [_range(item, commits) for item in commit.object("blame").objects("ranges")]
    text = blob.optional_text("text")
    return BlamedFile(
        ranges=tuple(sorted(ranges, key=lambda item: item.start)),
        text=None if blob.boolean("isTruncated") else text,
        is_binary=blob.optional_boolean("isBinary") or False,
        has_ignore_revs=has_ignore_revs,
    )


def _range(item: JsonObject, commits: MutableMapping[str, CommitInfo]) -> BlamedRange:
    start, end = item.integer("startingLine"), item.integer("endingLine")
    if not 1 <= start <= end:
        raise unexpected(item.where)
    raw = item.object("commit")
    sha = raw.text("oid")
    if sha not in commits:
        commits[sha] = _commit(sha, raw)
    return BlamedRange(start=start, end=end, commit=commits[sha])


def _commit(sha: str, raw: JsonObject) -> CommitInfo:
    author = raw.optional_object("author")
    return CommitInfo(
        sha=sha,
        message=raw.text("message"),
        author=parse_author(author, author.optional_object("user") if author else None),
        committed_at=raw.time("committedDate"),
        web_url=raw.optional_text("url") or "",
    )
