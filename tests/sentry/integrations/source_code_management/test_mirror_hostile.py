"""What a hostile repository, host or name server gets from a mirror: nothing runs, nothing leaks."""

import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_emulator import Emulator, Fault
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    TooLarge,
)
from sentry.integrations.source_code_management.types import FileBlameInfo, MirrorSource
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at
from tests.sentry.integrations.scene import GitTruth

from .mirror_scene import FULL_NAME, REPO, TOKEN, FakeInstallation, MirrorScene

EVIL = "https://evil.example.com/x.git"


def write_tree(git: GitTruth, entries: list[tuple[str, str, str, str]]) -> str:
    """A tree with any names, which git's own index would refuse."""
    text = "".join(f"{mode} {kind} {oid}\t{name}\0" for mode, kind, oid, name in entries)
    done = subprocess.run(
        ["git", "-C", str(git.path), "mktree", "-z", "--missing"],
        input=text.encode(), check=True, capture_output=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


def blob(git: GitTruth, content: bytes) -> str:
    """A blob's id."""
    done = subprocess.run(
        ["git", "-C", str(git.path), "hash-object", "-w", "--stdin"],
        input=content, check=True, capture_output=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


def commit_tree(git: GitTruth, tree: str) -> str:
    """A commit of a tree on main."""
    people = {
        f"GIT_{role}_{what}": "H" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    parent = ["-p", git.head()]
    sha = git("commit-tree", tree, *parent, "-m", "Hostile", **people).strip()
    git("update-ref", "refs/heads/main", sha)
    return sha


def files_of(mirrors: Path) -> list[Path]:
    """Every file below the folder of mirrors."""
    return [path for path in mirrors.rglob("*") if path.is_file() or path.is_symlink()]


class TestRepository:
    def test_odd_names_are_data(self, own_odd: MirrorScene, mirrors: Path) -> None:
        """Symbolic links, ``.git`` in many spellings, submodules with addresses, hooks as files."""
        git = own_odd.git
        script, link = (
            blob(git, b"#!/bin/sh\ntouch /tmp/ran\n"),
            blob(git, b"../../../../etc/passwd"),
        )
        config = blob(git, b"[core]\n\tfsmonitor = touch /tmp/ran\n\tsshCommand = touch /tmp/ran\n")
        modules = blob(
            git,
            f'[submodule "x"]\n\tpath = x\n\turl = -u./evil\n[submodule "y"]\n\tpath=y\n\turl={EVIL}\n'.encode(),
        )
        inner = write_tree(
            git, [("100755", "blob", script, "post-checkout"), ("100644", "blob", config, "config")]
        )
        ordinary = blob(git, b"one\nevil\n")
        tree = write_tree(git, [
            ("120000", "blob", link, "link"), ("120000", "blob", link, ".gitattributes"),
            ("100644", "blob", modules, ".gitmodules"), ("160000", "commit", "1" * 40, "x"),
            ("040000", "tree", inner, ".git"), ("040000", "tree", inner, "hooks"), ("120000", "blob", link, ".GIT"),
            ("040000", "tree", inner, ".."), ("100644", "blob", ordinary, "a.py"), ("100644", "blob", ordinary, "\\..\\a"),
        ])  # fmt: skip
        sha = commit_tree(git, tree)
        (answer,) = own_odd.blame("a.py", 2)
        assert isinstance(answer, FileBlameInfo)
        assert (answer.commit.sha, answer.code) == (sha, "evil")
        (answer,) = own_odd.blame("link", 1)
        assert isinstance(answer, FileBlameInfo)
        assert answer.code == "../../../../etc/passwd"
        assert [type(each) for each in own_odd.blame("x", 1)] == [NotFound]
        assert not Path("/tmp/ran").exists()
        assert not any(path.is_symlink() for path in files_of(mirrors))
        assert all("evil" not in path for path in own_odd.requests())
        (folder,) = (mirrors / "mirrors").iterdir()
        assert not (folder / "hooks").exists()
        assert not (folder / "objects/info/alternates").exists()

    def test_hooks_and_alternates_of_the_remote_stay_there(
        self, own_odd: MirrorScene, mirrors: Path, tmp_path: Path
    ) -> None:
        other = GitTruth(tmp_path / "other")
        other.path.mkdir()
        other("init", "-q", "-b", "main")
        own_odd.git("config", "core.hooksPath", str(tmp_path))
        for name in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
            (own_odd.git.path / ".git/hooks").mkdir(exist_ok=True)
            hook = own_odd.git.path / ".git/hooks" / name
            hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
            hook.chmod(0o755)
        (own_odd.git.path / ".git/objects/info").mkdir(exist_ok=True)
        (own_odd.git.path / ".git/objects/info/alternates").write_text(
            str(other.path / ".git/objects")
        )
        assert isinstance(own_odd.blame("a.py", 1)[0], FileBlameInfo)
        assert not (tmp_path / "ran").exists()
        assert not any(path.name == "alternates" for path in files_of(mirrors))

    def test_a_replaced_object_is_not_replaced_here(self, own_odd: MirrorScene) -> None:
        newest = own_odd.git.head()
        other = own_odd.git.commit("Other", {"a.py": b"other\n"})
        own_odd.git("replace", newest, other)
        (answer,) = own_odd.blame("a.py", 2, sha=newest)
        assert isinstance(answer, FileBlameInfo)
        assert (answer.commit.sha, answer.code) == (newest, "TWO")

    @pytest.mark.parametrize(
        "name",
        [
            "refs/heads/" + "a" * 40,
            "refs/heads/HEAD",
            "refs/heads/-x",
            "refs/tags/@",
            "refs/heads/üñï",
            "refs/heads/a/b/c",
        ],
    )
    def test_odd_names_of_branches(self, own_odd: MirrorScene, name: str) -> None:
        own_odd.git("update-ref", name, "HEAD~1")
        (answer,) = own_odd.blame("a.py", 2)
        assert isinstance(answer, FileBlameInfo)
        assert answer.code == "TWO"
        assert [type(each) for each in own_odd.blame("a.py", 1, sha="a" * 40)] == [NotFound]

    def test_a_huge_file_is_not_blamed(self, own_odd: MirrorScene, monkeypatch) -> None:
        monkeypatch.setattr(
            "sentry.integrations.source_code_management.mirror_blame._MAX_FILE", 1000
        )
        own_odd.git.commit("Huge", {"huge.txt": b"x\n" * 10_000})
        for _ in range(2):  # its size is known only once it is here
            (answer,) = own_odd.blame("huge.txt", 1)
            assert isinstance(answer, TooLarge)
        assert isinstance(own_odd.blame("a.py", 1)[0], FileBlameInfo)

    def test_a_message_and_an_author_that_are_no_text(self, own_odd: MirrorScene) -> None:
        git = own_odd.git
        tree = git("rev-parse", "HEAD^{tree}").strip()
        raw = git.path / "raw"
        raw.write_bytes(
            b"tree %s\nauthor \xff\xfe <a@b> 99999999999999999 +9999\ncommitter x <> -5 +0000\n\n\xff\xfe\0tail\n"
            % tree.encode()
        )
        sha = git("hash-object", "-t", "commit", "-w", "--literally", str(raw)).strip()
        git("update-ref", "refs/heads/odd", sha)
        (answer,) = own_odd.blame("a.py", 1, sha=sha)
        assert isinstance(answer, FileBlameInfo)
        assert "\0" not in answer.commit.message

    def test_what_names_a_commit_is_never_an_option(
        self, odd: MirrorScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By git's own command lines, which a program before it writes down."""
        real, told = shutil.which("git"), tmp_path / "told"
        program = tmp_path / "bin/git"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {told}\nexec {real} "$@"\n')
        program.chmod(0o755)
        sha = odd.git.head()
        with monkeypatch.context() as outside:
            outside.setenv("PATH", str(program.parent), prepend=os.pathsep)
            (answer,) = odd.blame("steady.py", 1)
        assert isinstance(answer, FileBlameInfo)
        lines = told.read_text().splitlines()
        resolved = {line for line in lines if line.startswith("rev-parse --verify")}
        assert resolved == {f"rev-parse --verify --quiet --end-of-options {sha}^{{commit}}"}
        blamed = [line for line in lines if line.startswith("blame")]
        assert blamed
        assert all(line.endswith(f" {sha} -- steady.py") for line in blamed)

    def test_an_id_that_a_host_made_up_is_no_option_either(self, odd: MirrorScene) -> None:
        """Hosts expand abbreviated ids: what they tell is as hostile as they are."""
        for sha in ("--all", "--upload-pack=touch /tmp/ran", "refs/heads/main:refs/heads/x"):
            (answer,) = odd.blame("steady.py", 1, sha=sha)
            assert isinstance(answer, NotFound)


class TestDeadline:
    def test_a_slow_host_is_left_when_the_time_is_up(self, odd: MirrorScene, mirrors: Path) -> None:
        odd.emulator.faults.add(Fault(kind="slow_drip", match="git", seconds=60))
        began = time.monotonic()
        with deadline_at(began + 1), pytest.raises(DeadlineExceeded):
            odd.blame("steady.py", 1)
        assert git_processes(mirrors) == []
        assert list((mirrors / "mirrors").iterdir()) == list((mirrors / "making").iterdir()) == []
        odd.emulator.faults.clear()
        assert isinstance(odd.blame("steady.py", 1)[0], FileBlameInfo)

    def test_a_refresh_that_is_killed_spoils_nothing(
        self, own_odd: MirrorScene, mirrors: Path
    ) -> None:
        own_odd.blame("a.py", 1)
        old, new = own_odd.git.head(), own_odd.git.commit("New", {"a.py": b"new\n"})
        own_odd.emulator.faults.add(Fault(kind="latency", match="git", method="POST", seconds=60))
        with deadline_at(time.monotonic() + 1), pytest.raises(DeadlineExceeded):
            own_odd.blame("a.py", 1)
        own_odd.emulator.faults.clear()
        (folder,) = (mirrors / "mirrors").iterdir()
        (folder / "refs/heads/main.lock").parent.mkdir(parents=True, exist_ok=True)
        (folder / "refs/heads/main.lock").touch()  # as a kill at another moment leaves it
        (folder / "packed-refs.lock").touch()
        for sha, text in ((old, "one"), (new, "new")):
            (answer,) = own_odd.blame("a.py", 1, sha=sha)
            assert isinstance(answer, FileBlameInfo)
            assert answer.code == text

    def test_without_one_there_is_a_limit_all_the_same(self, odd: MirrorScene) -> None:
        odd.emulator.faults.add(Fault(kind="latency", match="git", seconds=60))
        with override_options({"scm.mirrors.total-timeout": 0.5}), pytest.raises(DeadlineExceeded):
            odd.blame("steady.py", 1)


def git_processes(mirrors: Path) -> list[str]:
    """The command lines of what runs with a mirror as its repository."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(mirrors).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if line.startswith(("git", "/usr/lib/git", "/usr/libexec/git"))]


class TestSecrets:
    def test_the_credential_is_on_no_command_line_disk_or_log(
        self, odd: MirrorScene, mirrors: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        basic = odd.host.get_mirror_source(REPO).headers["authorization"].split()[1]
        odd.emulator.faults.add(Fault(kind="latency", match="git", seconds=0.3))
        seen: set[str] = set()
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                seen.update(git_processes(mirrors))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with caplog.at_level(logging.DEBUG):
                odd.blame("steady.py", 1)
                odd.host.tokens = ["ghp_old"]
                with pytest.raises(IntegrationBroken) as refusal:
                    odd.blame("crlf.txt", 1)
        finally:
            done.set()
            watcher.join()
        assert any("fetch" in line for line in seen)
        assert any("remote-http" in line for line in seen)
        secrets = (TOKEN, basic, "ghp_old")
        texts = [*seen, caplog.text, str(refusal.value), repr(odd.place), *map(str, caplog.records)]
        texts += [path.read_bytes().decode("latin-1") for path in files_of(mirrors)]
        texts += [str(vars(record)) for record in caplog.records]
        assert [text for text in texts for secret in secrets if secret in text] == []

    def test_nothing_on_disk_leads_git_to_the_host(self, odd: MirrorScene, mirrors: Path) -> None:
        odd.blame("steady.py", 1)
        (folder,) = (mirrors / "mirrors").iterdir()
        assert "remote" not in (folder / "config").read_text()
        assert odd.emulator.url not in (folder / "config").read_text()


class TestAddresses:
    def test_a_redirect_is_not_followed(self, odd: MirrorScene) -> None:
        with Emulator("github") as other:
            odd.emulator.faults.add(
                Fault(
                    kind="redirect",
                    match="git",
                    location=f"{other.url}/{FULL_NAME}.git/info/refs?service=git-upload-pack",
                )
            )
            with pytest.raises(HostUnavailable, match="redirected"):
                odd.blame("steady.py", 1)
            assert other.requests == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://10.0.0.7", "https://[::1]", "https://169.254.169.254", "http://example.com",
                                     "https://user:secret@example.com", "file:///etc", "ext::sh", "https://exa mple.com"])  # fmt: skip
    def test_what_the_guard_refuses_is_not_asked(
        self, odd: MirrorScene, settings, url: str
    ) -> None:
        settings.SCM_ALLOWED_HOSTS = []
        odd.host.url = url
        with pytest.raises(IntegrationBroken):
            odd.blame("steady.py", 1)

    def test_a_name_is_looked_up_and_judged_once_and_git_uses_that_address(
        self, odd: MirrorScene, settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No name server knows the name: git reaches the host by the address that it was given."""
        asked: list[str] = []

        def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        settings.SCM_ALLOWED_HOSTS = ["git.nowhere.invalid"]
        odd.host.url = odd.emulator.url.replace("127.0.0.1", "git.nowhere.invalid")
        odd.blame("nothing.py", 1)
        assert odd.requests()[0] == "GET info/refs"
        assert asked == ["git.nowhere.invalid"]

    def test_a_name_with_a_private_address_is_refused(
        self, odd: MirrorScene, settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["93.184.216.34", "10.0.0.7"]
        monkeypatch.setattr(
            socket, "getaddrinfo",
            lambda host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses],
        )  # fmt: skip
        settings.SCM_ALLOWED_HOSTS = []
        odd.host.url = "https://git.nowhere.invalid"
        with pytest.raises(IntegrationBroken, match="not public"):
            odd.blame("steady.py", 1)

    def test_a_name_without_an_address(
        self, odd: MirrorScene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror("no such name")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        odd.host.url = "https://git.nowhere.invalid"
        with pytest.raises(HostUnavailable):
            odd.blame("steady.py", 1)

    def test_a_source_that_moves_to_another_host_is_not_followed(self, odd: MirrorScene) -> None:
        class Moving(FakeInstallation):
            def get_mirror_source(
                self, repo, *, rejected: MirrorSource | None = None
            ) -> MirrorSource:
                source = super().get_mirror_source(repo, rejected=rejected)
                self.url = "http://127.0.0.1:1"
                return source

        odd.host = Moving(odd.emulator.url, tokens=["ghp_old", TOKEN])
        with pytest.raises(IntegrationBroken, match="moved"):
            odd.blame("steady.py", 1)

    def test_headers_go_to_their_own_origin_alone(self, odd: MirrorScene) -> None:
        odd.blame("steady.py", 1)
        assert all("authorization" in request.headers for request in odd.emulator.requests)


class TestTogether:
    def test_many_threads_make_one_mirror(self, odd: MirrorScene) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: odd.blame("steady.py", number)[0], range(1, 9)))
        assert all(isinstance(answer, FileBlameInfo) for answer in answers)
        assert odd.requests().count("GET info/refs") == 2

    def test_many_processes_make_one_mirror(self, odd: MirrorScene, mirrors: Path) -> None:
        script = (
            "import sys\n"
            "from sentry.runner import configure\n"
            "configure()\n"
            "from tests.sentry.integrations.source_code_management.mirror_scene import *\n"
            "from sentry.integrations.source_code_management.types import FileBlameInfo\n"
            "scene = MirrorScene(None, GitTruth(Path(sys.argv[2])), FakeInstallation(sys.argv[1]))\n"
            "assert isinstance(scene.blame('steady.py', int(sys.argv[3]))[0], FileBlameInfo)\n"
        )
        environment = {
            **os.environ, "SCM_MIRRORS_DIR": str(mirrors), "SCM_ALLOWED_HOSTS": "127.0.0.1",
            "SENTRY_HOME": str(mirrors.parent / "home"), "PYTHONPATH": str(Path.cwd()),
        }  # fmt: skip
        running = [
            subprocess.Popen(
                [sys.executable, "-c", script, odd.emulator.url, str(odd.git.path), str(number)],
                env=environment,
            )
            for number in (1, 2)
        ]
        assert [process.wait() for process in running] == [0, 0]
        assert odd.requests().count("GET info/refs") == 2

    def test_a_mirror_that_git_cannot_read_is_made_anew(
        self, own_odd: MirrorScene, mirrors: Path
    ) -> None:
        own_odd.blame("a.py", 1)
        (folder,) = (mirrors / "mirrors").iterdir()
        for pack in (folder / "objects/pack").glob("*.pack"):
            pack.chmod(0o600)
            pack.write_bytes(b"broken")
        with pytest.raises(HostUnavailable):
            own_odd.blame("a.py", 2)
        os.utime(folder / "HEAD", (1, 1))
        assert isinstance(own_odd.blame("a.py", 2)[0], FileBlameInfo)
