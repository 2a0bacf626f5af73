"""Blame as bytes and back."""

from datetime import UTC, datetime

import pytest

from sentry.integrations.source_code_management.blame_codec import (
    WholeBlame,
    decode_line,
    decode_whole,
    encode_error,
    encode_line,
    encode_whole,
    is_permanent,
)
from sentry.integrations.source_code_management.errors import (
    HostGaveUp,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BlameRangeInfo,
    BlameSource,
    CommitInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)

AUTHOR = AuthorInfo(name="Linus Ünïcode", email="l@example.com", external_id="github:linus")
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
FIRST, SECOND = (
    CommitInfo(sha=digit * 40, message=f"{digit}\n\n𝔘\u2028", author=AUTHOR, committed_at=WHEN)
    for digit in "12"
)


def line(number: int) -> SourceLineInfo:
    return SourceLineInfo(
        lineno=number, path="a", ref="3" * 40, repo=RepositoryRef(identifier="o/n")
    )


@pytest.mark.parametrize("source", BlameSource)
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("revs", [None, True, False])
def test_a_line(revs, applied, source):
    answer = FileBlameInfo(
        line=line(7), commit=FIRST, code="zwei = 'ü'\t", has_ignore_revs=revs,
        source=source, ignore_revs_applied=applied,
    )  # fmt: skip
    assert decode_line(encode_line(answer), line(7)) == answer


@pytest.mark.parametrize(
    "error",
    [
        NotFound("line"),
        InvalidArgument("commit_sha", "fits several commits"),
        IntegrationBroken("the host rejected it"),
        HostGaveUp("the host could not blame the file in time"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_stays(error: ScmError):
    assert is_permanent(error)
    told = decode_line(encode_error(error), line(1))
    assert type(told) is type(error)
    assert isinstance(told, ScmError)
    assert (told.message, told.reason) == (error.message, error.reason)


def test_an_error_that_passes():
    assert not is_permanent(HostUnavailable("down"))


def test_a_whole_file():
    whole = WholeBlame(
        ranges=(
            BlameRangeInfo(start=1, end=2, commit=FIRST, lines=("a", "ü\0")),
            BlameRangeInfo(start=3, end=3, commit=SECOND, lines=("",)),
            BlameRangeInfo(start=4, end=4, commit=FIRST, lines=("d",)),
        ),
        has_ignore_revs=False,
    )
    told = decode_whole(encode_whole(whole))
    assert told == whole
    assert isinstance(told, WholeBlame)
    assert told.of_line(line(2)) == FileBlameInfo(
        line=line(2), commit=FIRST, code="ü\0", has_ignore_revs=False
    )
    for number in (0, 5):
        assert isinstance(told.of_line(line(number)), NotFound)


def test_a_whole_file_from_a_mirror():
    whole = WholeBlame(
        ranges=(
            BlameRangeInfo(
                start=1, end=1, commit=FIRST, lines=("a",),
                source=BlameSource.MIRROR, ignore_revs_applied=True,
            ),
        ),
        has_ignore_revs=None,
    )  # fmt: skip
    told = decode_whole(encode_whole(whole))
    assert told == whole
    assert isinstance(told, WholeBlame)
    assert told.of_line(line(1)) == FileBlameInfo(
        line=line(1), commit=FIRST, code="a", source=BlameSource.MIRROR, ignore_revs_applied=True
    )


def test_an_empty_file():
    whole = WholeBlame(ranges=(), has_ignore_revs=None)
    assert decode_whole(encode_whole(whole)) == whole


def test_an_error_in_the_place_of_a_file():
    told = decode_whole(encode_error(NotFound("file")))
    assert isinstance(told, NotFound)
    assert told.resource == "file"
