"""What a mirror may take, and what becomes of a repository, or of a file, that takes more."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_emulator import Fault
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    MirrorRefused,
    NotFound,
    TooLarge,
)
from sentry.integrations.source_code_management.mirror import blame_lines
from sentry.integrations.source_code_management.mirror_git import folder_bytes
from sentry.integrations.source_code_management.types import FileBlameInfo, SourceLineInfo
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import GitTruth

from .mirror_scene import REPO, MirrorScene, host_over, lines_of


@pytest.fixture
def large(mirrors: Path, tmp_path: Path) -> Iterator[MirrorScene]:
    """Two files whose contents do not compress, beside commits that are small."""
    git = GitTruth(tmp_path / "large")
    git.path.mkdir()
    git("init", "-q", "-b", "main")
    git.commit(
        "Begin",
        {
            "a.py": lines_of(5),
            "large.bin": os.urandom(3_000_000),
            "larger.bin": os.urandom(3_000_000),
        },
    )
    yield from host_over(git)


def test_contents_beyond_the_cap_are_not_kept_and_cost_no_other_file(
    large: MirrorScene, mirrors: Path
) -> None:
    with override_options({"scm.mirrors.max-bytes": 1_000_000}):
        assert isinstance(large.blame("a.py", 1)[0], FileBlameInfo)
        (refusal,) = large.blame("large.bin", 1)
        assert isinstance(refusal, TooLarge)
        assert "larger than" in refusal.message
        with pytest.raises(TooLarge):
            large.whole("larger.bin")
        assert folder_bytes(mirrors) < 300_000
        assert list((mirrors / "making").iterdir()) == []
        assert isinstance(large.blame("a.py", 2)[0], FileBlameInfo)


def test_a_file_that_is_too_large_is_not_asked_for_again_soon(large: MirrorScene) -> None:
    with override_options({"scm.mirrors.max-bytes": 1_000_000}):
        large.blame("a.py", 1)
        large.requests()
        large.blame("large.bin", 1)
        assert large.requests().count("GET info/refs") == 3  # it, commits and trees anew, it
        for _ in range(2):
            assert isinstance(large.blame("large.bin", 1)[0], TooLarge)
        assert large.requests() == []
    assert isinstance(large.blame("large.bin", 1)[0], TooLarge)
    with override_options({"scm.mirrors.refused-ttl": 0.0}):
        assert isinstance(large.blame("large.bin", 1)[0], FileBlameInfo)
    assert isinstance(large.blame("large.bin", 1)[0], FileBlameInfo)  # it is here by now


def test_many_that_are_too_large_do_not_have_the_mirror_made_anew(
    large: MirrorScene, mirrors: Path
) -> None:
    with override_options({"scm.mirrors.max-bytes": 1_000_000}):
        assert isinstance(large.blame("large.bin", 1)[0], TooLarge)
        (mirror,) = (mirrors / "mirrors").iterdir()
        made = mirror.stat().st_ino
        large.requests()
        assert isinstance(large.blame("larger.bin", 1)[0], TooLarge)
        assert large.requests().count("GET info/refs") == 1
        assert mirror.stat().st_ino == made


def test_the_others_of_a_call_are_blamed(large: MirrorScene) -> None:
    refs = [
        SourceLineInfo(lineno=1, path=path, ref=large.git.head(), repo=REPO)
        for path in ("large.bin", "a.py", "none.py", "larger.bin")
    ]
    with override_options({"scm.mirrors.max-bytes": 1_000_000}):
        kinds = [type(answer) for answer in blame_lines(large.place, refs)]
    assert kinds == [TooLarge, FileBlameInfo, NotFound, TooLarge]
    with override_options({"scm.mirrors.max-bytes": 4_000_000}):  # for either, not for both
        place = MirrorScene(large.emulator, large.git, large.host, tenant="8:1").place
        kinds = [type(answer) for answer in blame_lines(place, refs)]
    assert kinds == [FileBlameInfo, FileBlameInfo, NotFound, FileBlameInfo]


def test_a_past_that_is_too_large_is_the_files_alone(large: MirrorScene) -> None:
    large.git.commit("Make it small", {"large.bin": b"small\n"})
    with override_options({"scm.mirrors.max-bytes": 1_000_000}):
        assert isinstance(large.blame("large.bin", 1)[0], TooLarge)
        assert isinstance(large.blame("a.py", 1)[0], FileBlameInfo)


def test_a_refused_repository_is_not_asked_for_again_soon(
    large: MirrorScene, mirrors: Path
) -> None:
    with override_options({"scm.mirrors.max-bytes": 1}):
        with pytest.raises(MirrorRefused, match="larger than"):
            large.blame("large.bin", 1)
        large.requests()
        with pytest.raises(MirrorRefused):
            large.blame("a.py", 1)
        assert large.requests() == []
    assert list((mirrors / "mirrors").iterdir()) == list((mirrors / "making").iterdir()) == []
    with override_options({"scm.mirrors.refused-ttl": 0.0}):
        assert isinstance(large.blame("large.bin", 1)[0], FileBlameInfo)


def test_a_mirror_that_is_itself_beyond_the_cap_refuses_the_repository(large: MirrorScene) -> None:
    """The operator lowered the cap since it was made."""
    large.blame("a.py", 1)
    with override_options({"scm.mirrors.max-bytes": 1}), pytest.raises(MirrorRefused):
        large.blame("large.bin", 1)


def test_what_is_too_large_from_the_first_is_fetched_once(large: MirrorScene) -> None:
    large.emulator.faults.add(Fault(kind="refuse_partial_clone"))
    with (
        override_options({"scm.mirrors.full-max-bytes": 1_000_000}),
        ThreadPoolExecutor(3) as pool,
    ):
        asked = [pool.submit(large.blame, "a.py", 1) for _ in range(3)]
        assert {type(each.exception()) for each in asked} == {MirrorRefused}
    assert large.requests().count("GET info/refs") == 1


def test_contents_that_fill_a_mirror_up_make_way(large: MirrorScene) -> None:
    with override_options({"scm.mirrors.max-bytes": 4_000_000}):
        for path in ("large.bin", "larger.bin", "large.bin"):
            assert isinstance(large.blame(path, 1)[0], FileBlameInfo)


def test_all_together_stay_under_their_cap(large: MirrorScene, mirrors: Path) -> None:
    with override_options({"scm.mirrors.total-bytes": 4_000_000}):
        for tenant in ("1", "2", "3"):
            other = MirrorScene(large.emulator, large.git, large.host, tenant=tenant)
            assert isinstance(other.blame("large.bin", 1)[0], FileBlameInfo)
            assert len(list((mirrors / "mirrors").iterdir())) == 1


def test_a_host_that_sends_without_end(large: MirrorScene, mirrors: Path) -> None:
    large.emulator.faults.add(Fault(kind="oversized", match="git", method="POST", size=2**33))
    with (
        override_options({"scm.mirrors.max-bytes": 1_000_000}),
        pytest.raises((HostUnavailable, MirrorRefused)),
    ):
        large.blame("a.py", 1)
    assert list((mirrors / "making").iterdir()) == []
