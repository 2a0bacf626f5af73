"""Blame on a mirror, held against git's own in the repository itself."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from forge_emulator import Fault
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    MirrorRefused,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.mirror import blame_lines
from sentry.integrations.source_code_management.mirror_git import folder_bytes
from sentry.integrations.source_code_management.types import (
    BlameSource,
    FileBlameInfo,
    SourceLineInfo,
)
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import GitTruth

from .mirror_scene import REPO, TOKEN, MirrorScene, host_over

CLONE = ["GET info/refs", "POST git-upload-pack", "POST git-upload-pack"]
FETCH = ["GET info/refs", "POST git-upload-pack"]
RENAMED = "src/größe new.py"
PATHS = [
    RENAMED, "steady.py", "crlf.txt", "latin.txt", "picture.png", "empty.txt", "no end.txt",
    "--upload-pack=x", "a\nb.txt", "*", ":(glob)**",
]  # fmt: skip


def truth(scene: MirrorScene, path: str, revision: str = "HEAD") -> list[tuple[str, str]]:
    """(commit, text) of every line, by git itself in the repository."""
    command = ["git", "-C", str(scene.git.path), "blame", "--line-porcelain", revision, "--", path]
    raw = subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")
    rows: list[tuple[str, str]] = []
    sha = ""
    for line in raw.split("\n"):
        if line.startswith("\t"):
            rows.append((sha, line[1:].removesuffix("\r").replace("\0", "\ufffd")))
            sha = ""
        elif not sha:
            sha = line.partition(" ")[0]
    return rows


def facts(answers: list[FileBlameInfo | ScmError]) -> list[tuple[str, str]]:
    """(commit, text) of every answer."""
    return [
        (each.commit.sha, each.code) if isinstance(each, FileBlameInfo) else ("", str(each))
        for each in answers
    ]


@pytest.mark.parametrize("path", PATHS)
def test_every_line_is_gits_own(odd: MirrorScene, path: str) -> None:
    expected = truth(odd, path)
    numbers = range(1, len(expected) + 1)
    assert facts(odd.blame(path, *numbers)) == expected
    lines = [(r.commit.sha, text) for r in odd.whole(path) for text in r.lines]
    assert lines == expected


def test_every_revision_of_a_file_with_its_names(odd: MirrorScene) -> None:
    for path in ("old.py", "lib/middle.py", RENAMED, "junk/7.py"):
        for sha in odd.git("rev-list", "HEAD", "--", path).split():
            if not odd.git("ls-tree", sha, "--", path):
                continue
            expected = truth(odd, path, sha)
            assert facts(odd.blame(path, *range(1, len(expected) + 1), sha=sha)) == expected


def test_every_fact_of_a_commit_is_gits_own(odd: MirrorScene) -> None:
    (answer,) = odd.blame(RENAMED, 9)
    assert isinstance(answer, FileBlameInfo)
    assert answer.source is BlameSource.MIRROR
    assert not answer.ignore_revs_applied
    shown = odd.git("show", "-s", "--format=%an%x00%ae%x00%ct%x00%B", answer.commit.sha).split("\0")
    commit = answer.commit
    assert [commit.author.name, commit.author.email] == shown[:2]
    assert commit.committed_at.timestamp() == int(shown[2])
    assert commit.message == shown[3].strip()


def test_ranges_follow_each_other_without_a_gap(odd: MirrorScene) -> None:
    ranges = odd.whole(RENAMED)
    assert [r.start for r in ranges] == [1, *(r.end + 1 for r in ranges[:-1])]
    assert all(len(r.lines) == r.end - r.start + 1 for r in ranges)
    assert {r.source for r in ranges} == {BlameSource.MIRROR}


@pytest.mark.parametrize(
    ("path", "number", "sha", "resource"),
    [
        ("steady.py", 11, "", "line"),
        ("empty.txt", 1, "", "line"),
        ("nothing.py", 1, "", "file"),
        ("src", 1, "", "file"),
        ("steady.py/x", 1, "", "file"),
        ("steady.py", 1, "f" * 40, "commit"),
        (".git/config", 1, "", "file"),
    ],
)
def test_what_is_not_there(
    odd: MirrorScene, path: str, number: int, sha: str, resource: str
) -> None:
    (answer,) = odd.blame(path, number, sha=sha)
    assert isinstance(answer, NotFound)
    assert answer.resource == resource


def test_the_id_of_a_tag_or_of_a_tree_is_no_commit(odd: MirrorScene) -> None:
    for name in ("v1", "HEAD^{tree}"):
        (answer,) = odd.blame("steady.py", 1, sha=odd.git("rev-parse", name).strip())
        assert isinstance(answer, NotFound)


def test_one_line_that_is_not_there_fails_alone(odd: MirrorScene) -> None:
    first, second, third = odd.blame("steady.py", 1, 99, 2)
    assert isinstance(second, NotFound)
    assert facts([first, third]) == truth(odd, "steady.py")[:2]


def test_how_often_the_host_is_asked(odd: MirrorScene) -> None:
    """Commits and trees once; the contents of a file's past at once; then nothing."""
    odd.blame("nothing.py", 1)
    assert odd.requests() == CLONE
    odd.blame(RENAMED, 1, 2, 30)
    assert odd.requests() == FETCH
    odd.blame(RENAMED, 7)
    odd.whole(RENAMED)
    assert odd.requests() == []
    odd.blame("steady.py", 2)
    assert odd.requests() == FETCH


def test_a_mirror_is_the_repositorys_and_not_its_names(odd: MirrorScene) -> None:
    """One of another id and the same name has its own; the same id under another name does not."""
    odd.repo = replace(REPO, external_id="1")
    odd.blame("steady.py", 1)
    odd.requests()
    odd.repo = replace(REPO, external_id="1", identifier="acme/renamed")
    assert isinstance(odd.blame("steady.py", 1)[0], FileBlameInfo)
    assert odd.requests() == []
    odd.repo = replace(REPO, external_id="2")
    odd.blame("steady.py", 1)
    assert odd.requests() == [*CLONE, *FETCH]


def test_a_host_that_does_not_filter_is_mirrored_whole(odd: MirrorScene) -> None:
    odd.emulator.faults.add(Fault(kind="refuse_partial_clone"))
    assert facts(odd.blame(RENAMED, 1, 9)) == [truth(odd, RENAMED)[n] for n in (0, 8)]
    assert odd.requests() == CLONE
    odd.blame("steady.py", 1)
    assert odd.requests() == []


def test_a_host_that_does_not_filter_has_a_cap_of_its_own(odd: MirrorScene, mirrors) -> None:
    """The cap of filtered mirrors holds an empty one, which is there before the host is heard."""
    odd.emulator.faults.add(Fault(kind="refuse_partial_clone"))
    cap = 48 * 1024
    with override_options({"scm.mirrors.max-bytes": cap, "scm.mirrors.full-max-bytes": 10_000_000}):
        assert isinstance(odd.blame("steady.py", 1)[0], FileBlameInfo)
    (mirror,) = mirrors.glob("mirrors/*")
    assert folder_bytes(mirror) > cap
    with override_options({"scm.mirrors.full-max-bytes": 1}), pytest.raises(MirrorRefused):
        MirrorScene(odd.emulator, odd.git, odd.host, tenant="8:1").blame("steady.py", 1)


def test_a_folder_that_others_may_change_is_not_used(odd: MirrorScene, mirrors: Path) -> None:
    mirrors.mkdir()
    mirrors.chmod(0o777)
    with pytest.raises(MirrorRefused, match="not its own") as refused:
        odd.blame("steady.py", 1)
    assert str(mirrors) not in str(refused.value)


def test_a_new_commit_is_fetched_with_every_branch_and_tag(own_odd: MirrorScene) -> None:
    own_odd.blame("a.py", 1)
    own_odd.requests()
    own_odd.git("checkout", "-q", "-b", "topic")
    topic = own_odd.git.commit("On a branch", {"a.py": b"one\ntopic\n"})
    own_odd.git("checkout", "-q", "main")
    newest = own_odd.git.commit("On main", {"a.py": b"ONE\nTWO\n"})
    assert facts(own_odd.blame("a.py", 1)) == [(newest, "ONE")]
    assert own_odd.requests() == [*CLONE, *FETCH]
    own_odd.blame("b.py", 1, sha=topic)
    assert "POST git-upload-pack" in own_odd.requests()
    own_odd.blame("b.py", 1, sha=topic)
    assert own_odd.requests() == []


def test_a_branch_that_gives_way_to_a_folder_of_branches(own_odd: MirrorScene) -> None:
    own_odd.git("branch", "topic")
    own_odd.blame("a.py", 1)
    own_odd.git("branch", "-D", "topic")
    own_odd.git("branch", "topic/one")
    sha = own_odd.git.commit("More", {"a.py": b"1\n"})
    assert facts(own_odd.blame("a.py", 1)) == [(sha, "1")]


def test_a_commit_that_no_branch_holds(own_odd: MirrorScene) -> None:
    lost = own_odd.git.commit("To be lost", {"a.py": b"lost\n"})
    own_odd.git("reset", "-q", "--hard", "HEAD~1")
    assert facts(own_odd.blame("a.py", 1, sha=lost)) == [(lost, "lost")]


def test_a_commit_that_is_nowhere_is_asked_for_once(own_odd: MirrorScene) -> None:
    own_odd.blame("a.py", 1)
    own_odd.requests()
    answers = own_odd.blame("a.py", 1, 2, sha="e" * 40)
    assert [str(answer) for answer in answers] == ["commit not found"] * 2
    assert own_odd.requests() == [*FETCH, *FETCH]


def test_an_id_of_the_other_length_is_no_commit(odd: MirrorScene, mirrors: Path) -> None:
    """The repository's own mirror answers the other lines; there is no second one."""
    shas = ["f" * 64, odd.git.head(), "e" * 64]
    lines = [SourceLineInfo(lineno=1, path="steady.py", ref=sha, repo=REPO) for sha in shas]
    first, second, third = blame_lines(odd.place, lines)
    assert str(first) == str(third) == "commit not found"
    assert facts([second]) == truth(odd, "steady.py")[:1]
    assert len(list(mirrors.glob("mirrors/*"))) == 1
    odd.requests()
    with pytest.raises(NotFound, match="commit"):
        odd.whole("steady.py", sha="f" * 64)
    assert odd.requests() == FETCH
    assert len(list(mirrors.glob("mirrors/*"))) == 1


def test_a_repository_with_long_ids(mirrors: Path, tmp_path: Path) -> None:
    git = GitTruth(tmp_path)
    git("init", "-q", "-b", "main", "--object-format=sha256")
    sha = git.commit("Begin", {"a.py": b"one\n"})
    for scene in host_over(git):
        (absent,) = scene.blame("a.py", 1, sha="f" * 40)
        assert str(absent) == "commit not found"
        assert facts(scene.blame("a.py", 1)) == [(sha, "one")]


class TestTagsOnWhatIsNoCommit:
    """git cannot fetch a tag of a file's contents where the host leaves these contents out.

    At first it leaves them out only where it has met them in a folder before; later always.
    """

    TAGS = {
        "file": ["HEAD:a.py"],
        "former file": ["HEAD~1:a.py"],
        "folder": ["HEAD:folder"],
        "file in the folder before it": ["HEAD:folder", "HEAD:folder/x.py"],
        "file in the root before it": ["HEAD^{tree}", "HEAD:a.py"],
    }

    def tag(self, git: GitTruth, kind: str, *annotated: str) -> None:
        git.commit("Add a folder", {"folder/x.py": b"x\n"})
        person = {"GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@example.com"}
        for number, named in enumerate(self.TAGS[kind]):
            git("tag", *annotated, f"odd{number}", named, **person)

    @pytest.mark.parametrize("annotated", [(), ("-a", "-m", "Odd")], ids=["light", "annotated"])
    @pytest.mark.parametrize("kind", TAGS)
    def test_it_ends_no_blame(
        self, own_odd: MirrorScene, kind: str, annotated: tuple[str, ...]
    ) -> None:
        self.tag(own_odd.git, kind, *annotated)
        assert facts(own_odd.blame("a.py", 1, 2)) == truth(own_odd, "a.py")
        newest = own_odd.git.commit("More", {"a.py": b"1\n"})
        assert facts(own_odd.blame("a.py", 1)) == [(newest, "1")]

    @pytest.mark.parametrize("annotated", [(), ("-a", "-m", "Odd")], ids=["light", "annotated"])
    @pytest.mark.parametrize("kind", TAGS)
    def test_it_ends_no_refresh(
        self, own_odd: MirrorScene, kind: str, annotated: tuple[str, ...]
    ) -> None:
        own_odd.blame("b.py", 1)
        self.tag(own_odd.git, kind, *annotated)
        assert facts(own_odd.blame("a.py", 1, 2)) == truth(own_odd, "a.py")

    def test_it_is_met_once(self, own_odd: MirrorScene) -> None:
        self.tag(own_odd.git, "file in the root before it")
        own_odd.blame("nothing.py", 1)
        assert own_odd.requests() == [*CLONE, *FETCH]
        own_odd.git.commit("More", {"b.py": b"1\n"})
        own_odd.blame("nothing.py", 1)
        assert own_odd.requests() == CLONE  # a refresh: git's greeting, names, objects

    def test_a_commit_that_a_tag_alone_holds_is_found(self, own_odd: MirrorScene) -> None:
        self.tag(own_odd.git, "file in the root before it")
        for name in ("before", "after"):
            held = own_odd.git.commit(name, {"a.py": name.encode()})
            own_odd.git("tag", name)
            own_odd.git("reset", "-q", "--hard", "HEAD~1")
            assert facts(own_odd.blame("a.py", 1, sha=held)) == [(held, name)]


class TestRevisionsToIgnore:
    def commit_with(self, scene: MirrorScene, content: bytes) -> tuple[str, str]:
        """The shas of a change to ignore and of the commit that says so."""
        noise = scene.git.commit("Reformat", {"a.py": b"one \nTWO \n"})
        told = content.replace(b"NOISE", noise.encode())
        return noise, scene.git.commit("Ignore it", {".git-blame-ignore-revs": told})

    @pytest.mark.parametrize(
        "content",
        [
            b"NOISE\n",
            b"# a comment\r\n\r\nNOISE # why\r\n",
            b"not an id\n--contents=/etc/passwd\nNOISE\nabc123\n" + b"f" * 40 + b"\n\xff\xfe\0\n",
        ],
    )
    def test_they_are_passed_over(self, own_odd: MirrorScene, content: bytes) -> None:
        noise, _ = self.commit_with(own_odd, content)
        answers = own_odd.blame("a.py", 1, 2)
        assert all(isinstance(each, FileBlameInfo) and each.ignore_revs_applied for each in answers)
        shas = own_odd.git("rev-list", "HEAD", "--", "a.py").split()
        assert [sha for sha, _ in facts(answers)] == [shas[2], shas[1]]
        assert all(each.ignore_revs_applied for each in own_odd.whole("a.py"))
        assert facts(own_odd.blame("a.py", 1, sha=noise)) == [(noise, "one ")]

    @pytest.mark.parametrize("content", [b"", b"no id at all\n", b"\0" * 100, b"x" * 2_000_000])
    def test_a_file_without_any_breaks_nothing(self, own_odd: MirrorScene, content: bytes) -> None:
        noise, _ = self.commit_with(own_odd, content)
        (answer,) = own_odd.blame("a.py", 1)
        assert facts([answer]) == [(noise, "one ")]
        assert isinstance(answer, FileBlameInfo)
        assert not answer.ignore_revs_applied

    def link(self, scene: MirrorScene, target: str) -> str:
        """The sha of a change to ignore, which a file says that a link leads to."""
        noise = scene.git.commit("Reformat", {"a.py": b"one \nTWO \n"})
        (scene.git.path / ".git-blame-ignore-revs").symlink_to(target)
        (scene.git.path / "again").symlink_to("etc/revs")
        scene.git.commit("Ignore it", {"etc/revs": f"{noise}\n".encode()})
        return noise

    @pytest.mark.parametrize("target", ["etc/revs", "./etc/../etc//revs"])
    def test_a_link_is_followed(self, own_odd: MirrorScene, target: str) -> None:
        noise = self.link(own_odd, target)
        answers = own_odd.blame("a.py", 1, 2)
        assert all(isinstance(each, FileBlameInfo) and each.ignore_revs_applied for each in answers)
        assert noise not in {sha for sha, _ in facts(answers)}
        assert own_odd.requests() == [*CLONE, *FETCH, *FETCH]
        assert all(each.ignore_revs_applied for each in own_odd.whole("a.py"))
        assert own_odd.requests() == []

    @pytest.mark.parametrize(
        "target",
        ["../etc/revs", "/etc/passwd", "etc", "again", "nothing", ".", ":(glob)**", "x" * 4095],
    )
    def test_a_link_to_no_file_of_the_tree(self, own_odd: MirrorScene, target: str) -> None:
        noise = self.link(own_odd, target)
        (answer,) = own_odd.blame("a.py", 1)
        assert facts([answer]) == [(noise, "one ")]
        assert isinstance(answer, FileBlameInfo)
        assert not answer.ignore_revs_applied

    def test_the_file_of_the_asked_commit_counts(self, own_odd: MirrorScene) -> None:
        noise, _ = self.commit_with(own_odd, b"NOISE\n")
        (answer,) = own_odd.blame("a.py", 1, sha=noise)
        assert isinstance(answer, FileBlameInfo)
        assert not answer.ignore_revs_applied

    def test_a_folder_of_that_name(self, own_odd: MirrorScene) -> None:
        sha = own_odd.git.commit("Odd", {".git-blame-ignore-revs/x": b"y\n", "a.py": b"z\n"})
        assert facts(own_odd.blame("a.py", 1)) == [(sha, "z")]


class TestCredentials:
    def test_a_newer_one_is_asked_for_once(self, odd: MirrorScene) -> None:
        odd.host.tokens = ["ghp_old", TOKEN]
        assert isinstance(odd.blame("steady.py", 1)[0], FileBlameInfo)
        assert odd.host.asked == [False, True]
        odd.host.tokens = [TOKEN]
        odd.blame("steady.py", 2)
        assert odd.host.asked == [False, True]  # all is there: nobody asks where to fetch
        odd.blame(RENAMED, 2)
        assert odd.host.asked == [False, True, False]

    @pytest.mark.parametrize("tokens", [["ghp_old"], ["ghp_old", "ghp_older", TOKEN]])
    def test_without_one_the_integration_is_broken(
        self, odd: MirrorScene, tokens: list[str]
    ) -> None:
        odd.host.tokens = tokens
        with pytest.raises(IntegrationBroken):
            odd.blame("steady.py", 1)
        assert odd.host.asked == [False, True]

    def test_another_credential_has_another_mirror(self, odd: MirrorScene) -> None:
        odd.blame("steady.py", 1)
        odd.requests()
        odd.host.identity = "credential-2"
        odd.blame("steady.py", 1)
        assert odd.requests() == [*CLONE, *FETCH]
        MirrorScene(odd.emulator, odd.git, odd.host, tenant="8:1").blame("steady.py", 1)
        assert odd.requests() == [*CLONE, *FETCH]

    @pytest.mark.parametrize("name", ["x\nGIT", "a b", ""])
    def test_a_header_that_is_none_is_not_sent(
        self, odd: MirrorScene, name: str, monkeypatch
    ) -> None:
        source = odd.host.get_mirror_source
        monkeypatch.setattr(
            odd.host,
            "get_mirror_source",
            lambda repo, rejected=None: _with_header(source(repo), name),
        )
        with pytest.raises(IntegrationBroken):
            odd.blame("steady.py", 1)
        assert odd.requests() == []


def _with_header(source, name: str):

    return replace(source, headers={name: "x"})


class TestFailures:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(kind="status", match="git", status=403), HostForbidden),
            (Fault(kind="status", match="git", status=404), NotFound),
            (Fault(kind="status", match="git", status=410), NotFound),
            (Fault(kind="status", match="git", status=429), HostRateLimited),
            (Fault(kind="status", match="git", status=500), HostUnavailable),
            (Fault(kind="status", match="git", status=503), HostUnavailable),
            (Fault(kind="status", match="git", status=503, method="POST"), HostUnavailable),
            (Fault(kind="drop", match="git"), HostUnavailable),
            (Fault(kind="html", match="git"), HostUnavailable),
            (Fault(kind="empty", match="git"), HostUnavailable),
            (Fault(kind="truncated", match="git"), HostUnavailable),
            (Fault(kind="truncated", match="git", method="POST"), HostUnavailable),
        ],
        ids=lambda value: f"{value.kind}-{value.status}-{value.method}" if isinstance(value, Fault) else None,
    )  # fmt: skip
    def test_what_they_mean(
        self, odd: MirrorScene, mirrors, fault: Fault, error: type[ScmError]
    ) -> None:
        odd.emulator.faults.add(fault)
        with pytest.raises(error):
            odd.blame("steady.py", 1)
        assert list((mirrors / "making").iterdir()) == []
        odd.emulator.faults.clear()
        assert isinstance(odd.blame("steady.py", 1)[0], FileBlameInfo)

    def test_a_repository_that_is_gone(self, odd: MirrorScene) -> None:
        odd.emulator.remove_repository("acme/odd")
        with pytest.raises(NotFound) as refusal:
            odd.blame("steady.py", 1)
        assert refusal.value.resource == "repository"

    def test_a_warm_mirror_needs_no_host(self, odd: MirrorScene) -> None:
        odd.blame("steady.py", 1)
        odd.emulator.faults.add(Fault(kind="status", match="git", status=503))
        assert isinstance(odd.blame("steady.py", 3)[0], FileBlameInfo)
        with pytest.raises(HostUnavailable):
            odd.blame("crlf.txt", 1)

    def test_an_empty_repository(self, mirrors, tmp_path) -> None:
        git = GitTruth(tmp_path)
        git("init", "-q", "-b", "main")
        for scene in host_over(git):
            (answer,) = scene.blame("a.py", 1, sha="a" * 40)
            assert isinstance(answer, NotFound)
