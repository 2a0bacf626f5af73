"""What a blame will read is found out from commits and trees: once, as a rule, and never too little."""

import subprocess

import pytest

from sentry.integrations.source_code_management.types import FileBlameInfo

from .mirror_scene import MirrorScene, lines_of, remove

FETCH = ["GET info/refs", "POST git-upload-pack"]


def blamed_as_git_does(scene: MirrorScene, path: str) -> None:
    """Every line of a file, held against git's own blame; and again without a request."""
    done = subprocess.run(
        ["git", "-C", str(scene.git.path), "blame", "-s", "-l", "--root", "HEAD", "--", path],
        check=True, capture_output=True,
    )  # fmt: skip
    expected = [line.split()[0].decode() for line in done.stdout.splitlines()]
    numbers = range(1, len(expected) + 1)
    answers = scene.blame(path, *numbers)
    assert [a.commit.sha if isinstance(a, FileBlameInfo) else a for a in answers] == expected
    scene.requests()
    scene.blame(path, *numbers)
    assert scene.requests() == []


def warm(scene: MirrorScene) -> None:
    """Commits and trees are here; no file is."""
    scene.blame("nothing.py", 1)
    scene.requests()


def rename(scene: MirrorScene, old: str, new: str, content: bytes, *others: str) -> None:
    remove(scene.git, old, *others)
    scene.git.commit(f"{old} becomes {new}", {new: content})


@pytest.mark.parametrize("count", [0, 1, 30, 300])
def test_a_rename_with_a_change_among_removed_files_takes_one_request(
    own_odd: MirrorScene, count: int
) -> None:
    others = {f"other/{n}.txt": f"other {n}\n".encode() * 9 for n in range(count)}
    own_odd.git.commit("Begin", {"old.py": lines_of(40), **others})
    own_odd.git.commit("Change", {"old.py": lines_of(40, _7="seven")})
    rename(own_odd, "old.py", "new/old.py", lines_of(40, _7="seven", _9="nine"), *others)
    own_odd.git.commit("Change again", {"new/old.py": lines_of(40, _7="seven", _9="9", _1="one")})
    warm(own_odd)
    own_odd.blame("new/old.py", 1)
    assert own_odd.requests() == FETCH
    blamed_as_git_does(own_odd, "new/old.py")


def test_a_chain_of_renames_takes_one_request(own_odd: MirrorScene) -> None:
    own_odd.git.commit("Begin", {"n0.py": lines_of(60)})
    changed: dict[str, str] = {}
    for number in range(1, 12):
        changed[f"_{number * 3}"] = f"changed {number}"
        rename(own_odd, f"n{number - 1}.py", f"n{number}.py", lines_of(60, **changed))
    warm(own_odd)
    own_odd.blame("n11.py", 1)
    assert own_odd.requests() == FETCH
    blamed_as_git_does(own_odd, "n11.py")


def test_a_name_that_speaks_for_the_wrong_file_is_put_right(own_odd: MirrorScene) -> None:
    """The likely files by name have a long past; the right one is unlike by name, and follows it."""
    decoys = {f"d{n}/target.py": f"decoy {n}\n".encode() * 30 for n in range(8)}
    own_odd.git.commit("Begin", {"a/unlike.txt": lines_of(50), **decoys})
    for number in range(4):
        own_odd.git.commit("Go on", {"a/unlike.txt": lines_of(50, _1=f"one {number}")})
    rename(own_odd, "a/unlike.txt", "b/unlike2.txt", lines_of(50, _1="one 3", _2="two"))
    rename(
        own_odd, "b/unlike2.txt", "target.py", lines_of(50, _1="one 3", _2="two", _3="3"), *decoys
    )
    warm(own_odd)
    own_odd.blame("target.py", 40)
    assert len(own_odd.requests()) <= 2 * len(FETCH)
    blamed_as_git_does(own_odd, "target.py")


def test_a_file_that_went_and_came_again(own_odd: MirrorScene) -> None:
    own_odd.git.commit("Begin", {"x.py": lines_of(20)})
    remove(own_odd.git, "x.py")
    own_odd.git.commit("Gone", {"y.py": b"y\n"})
    own_odd.git.commit("Again", {"x.py": lines_of(20, _4="four")})
    blamed_as_git_does(own_odd, "x.py")


def test_a_rename_on_a_branch_that_is_merged(own_odd: MirrorScene) -> None:
    git = own_odd.git
    git.commit("Begin", {"x.py": lines_of(30)})
    git("checkout", "-q", "-b", "side")
    rename(own_odd, "x.py", "z/x.py", lines_of(30, _4="four"))
    git("checkout", "-q", "main")
    git.commit("Meanwhile", {"x.py": lines_of(30, _20="twenty")})
    people = {
        f"GIT_{role}_{what}": "M" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    git("merge", "-q", "side", "-m", "Merge", **people)
    warm(own_odd)
    own_odd.blame("z/x.py", 1)
    assert own_odd.requests() == FETCH
    blamed_as_git_does(own_odd, "z/x.py")


def test_a_file_that_was_a_link_and_a_submodule_beside_it(own_odd: MirrorScene) -> None:
    git = own_odd.git
    (git.path / "x.py").symlink_to("a.py")
    git.commit("A link", {})
    (git.path / "x.py").unlink()
    git.commit("A file", {"x.py": b"a\nb\n"})
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(
        "commit",
        "-q",
        "-m",
        "Submodule",
        GIT_AUTHOR_NAME="x",
        GIT_AUTHOR_EMAIL="x",
        GIT_COMMITTER_NAME="x",
        GIT_COMMITTER_EMAIL="x",
    )
    git("update-index", "--force-remove", "sub")
    git.commit("Instead", {"sub.py": b"s\n"})
    blamed_as_git_does(own_odd, "x.py")
    blamed_as_git_does(own_odd, "sub.py")


def test_many_files_of_a_batch_take_one_request(odd: MirrorScene) -> None:
    from sentry.integrations.source_code_management.mirror import blame_lines
    from sentry.integrations.source_code_management.types import SourceLineInfo

    from .mirror_scene import REPO

    warm(odd)
    head = odd.git.head()
    paths = ("steady.py", "crlf.txt", "no end.txt", "src/größe new.py")
    lines = [SourceLineInfo(lineno=1, path=path, ref=head, repo=REPO) for path in paths]
    assert all(isinstance(answer, FileBlameInfo) for answer in blame_lines(odd.place, lines))
    assert odd.requests() == FETCH
