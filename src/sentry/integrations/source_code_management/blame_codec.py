"""Blame as bytes, for other processes of the platform, and back. Pure.

The form is ours alone and lives for minutes: a change of it takes another ``VERSION``, which is a
part of every key, so that no process meets a form that it does not know.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sentry.integrations.source_code_management.errors import (
    HostGaveUp,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BlameRangeInfo,
    BlameSource,
    CommitInfo,
    FileBlameInfo,
    SourceLineInfo,
)

VERSION = "blame-2"
_LEVEL = 1
_PERMANENT = (NotFound, InvalidArgument, IntegrationBroken, HostGaveUp)


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeBlame:
    """The blame of a whole file: its ranges in order, without gaps, all of one source."""

    ranges: tuple[BlameRangeInfo, ...]
    has_ignore_revs: bool | None

    def of_line(self, line: SourceLineInfo) -> FileBlameInfo | ScmError:
        """The answer for one of its lines; NotFound beyond its end."""
        for item in self.ranges:
            if item.start <= line.lineno <= item.end:
                return FileBlameInfo(
                    line=line,
                    commit=item.commit,
                    code=item.lines[line.lineno - item.start],
                    has_ignore_revs=self.has_ignore_revs,
                    source=item.source,
                    ignore_revs_applied=item.ignore_revs_applied,
                )
        return NotFound("line")


def is_permanent(error: ScmError) -> bool:
    """Whether the same question would fail again, whoever of those asks who ask now."""
    return type(error) in _PERMANENT


def encode_error(error: ScmError) -> bytes:
    """A permanent error, in place of an answer."""
    return _pack({"error": type(error).__name__, "with": _parts(error)})


def encode_line(answer: FileBlameInfo) -> bytes:
    """The answer for a line."""
    return _pack(
        {
            "commit": _commit(answer.commit),
            "code": answer.code,
            "revs": answer.has_ignore_revs,
            "source": answer.source.value,
            "applied": answer.ignore_revs_applied,
        }
    )


def decode_line(packed: bytes, line: SourceLineInfo) -> FileBlameInfo | ScmError:
    """What ``encode_line`` or ``encode_error`` packed, for this line."""
    value = json.loads(zlib.decompress(packed))
    if "error" in value:
        return _error(value["error"], value["with"])
    return FileBlameInfo(
        line=line,
        commit=_to_commit(value["commit"]),
        code=value["code"],
        has_ignore_revs=value["revs"],
        source=BlameSource(value["source"]),
        ignore_revs_applied=value["applied"],
    )


def encode_whole(whole: WholeBlame) -> bytes:
    """A whole file's blame; each commit once."""
    places: dict[CommitInfo, int] = {}
    ranges: list[Json] = [
        [
            item.start, item.end, places.setdefault(item.commit, len(places)), list(item.lines),
        ]
        for item in whole.ranges
    ]  # fmt: skip
    commits: list[Json] = [_commit(commit) for commit in places]
    first = whole.ranges[0] if whole.ranges else None
    return _pack(
        {
            "commits": commits,
            "ranges": ranges,
            "revs": whole.has_ignore_revs,
            "source": first.source.value if first else BlameSource.NATIVE.value,
            "applied": first is not None and first.ignore_revs_applied,
        }
    )


def decode_whole(packed: bytes) -> WholeBlame | ScmError:
    """What ``encode_whole`` or ``encode_error`` packed."""
    value = json.loads(zlib.decompress(packed))
    if "error" in value:
        return _error(value["error"], value["with"])
    commits = [_to_commit(parts) for parts in value["commits"]]
    source = BlameSource(value["source"])
    return WholeBlame(
        ranges=tuple(
            BlameRangeInfo(
                start=start,
                end=end,
                commit=commits[place],
                lines=tuple(lines),
                source=source,
                ignore_revs_applied=value["applied"],
            )
            for start, end, place, lines in value["ranges"]
        ),
        has_ignore_revs=value["revs"],
    )


def _pack(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8"), _LEVEL)


def _commit(commit: CommitInfo) -> Json:
    author = commit.author
    return [
        commit.sha,
        commit.message,
        commit.committed_at.isoformat(),
        commit.web_url,
        author.name,
        author.email,
        author.external_id,
    ]


def _to_commit(parts: Sequence[str]) -> CommitInfo:
    sha, message, committed_at, web_url, name, email, external_id = parts
    return CommitInfo(
        sha=sha,
        message=message,
        author=AuthorInfo(name=name, email=email, external_id=external_id),
        committed_at=datetime.fromisoformat(committed_at),
        web_url=web_url,
    )


def _parts(error: ScmError) -> Json:
    if isinstance(error, NotFound):
        return [error.resource]
    if isinstance(error, InvalidArgument):
        return [error.field, error.description]
    return [error.message]


def _error(name: str, parts: Sequence[str]) -> ScmError:
    kinds = {kind.__name__: kind for kind in _PERMANENT}
    return kinds[name](*parts)
