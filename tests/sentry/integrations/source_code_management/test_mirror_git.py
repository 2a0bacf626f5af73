"""How git is run: what it sees, what it may do, and how it ends."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry.integrations.source_code_management import mirror_git
from sentry.integrations.source_code_management.errors import DeadlineExceeded, HostUnavailable
from sentry.integrations.source_code_management.mirror_git import (
    Git,
    GitFailedError,
    SizeExceededError,
    SizeWatch,
    folder_bytes,
)
from sentry.utils.deadline import deadline_at

SECRET = "Authorization: Basic c2VjcmV0"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    (tmp_path / "home").mkdir()
    made = Git(git_dir=tmp_path / "repository", home=tmp_path / "home")
    made("init", "--quiet", "--bare", "--template=")
    return made


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for git: a script that a test writes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    script = folder / "git"
    script.touch(mode=0o755)
    return script


def gone(pid: int) -> bool:
    """Whether a process has ended, or does so now that it was killed; zombies have."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_the_environment_is_ours_alone(git: Git, program: Path, monkeypatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "GIT_SSH_COMMAND", "GIT_TRACE_CURL",
                 "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND",
                 "GIT_SSL_NO_VERIFY", "LD_PRELOAD_X", "SSH_ASKPASS", "SENTRY_SECRET_KEY"):  # fmt: skip
        monkeypatch.setenv(name, "from outside")
    program.write_text("#!/bin/sh\nexec env -0\n")
    seen = dict(line.split("=", 1) for line in git("x").decode().split("\0") if "=" in line)
    assert "from outside" not in seen.values()
    assert seen["HOME"] == str(git.home)
    assert seen["GIT_CONFIG_GLOBAL"] == seen["GIT_CONFIG_SYSTEM"] == os.devnull
    assert seen["GIT_CONFIG_NOSYSTEM"] == "1"
    assert seen["GIT_TERMINAL_PROMPT"] == "0"
    assert seen["GIT_ALLOW_PROTOCOL"] == "none"
    assert seen["GIT_NO_LAZY_FETCH"] == seen["GIT_NO_REPLACE_OBJECTS"] == "1"


def test_configuration_of_the_machine_and_the_user_is_not_read(
    git: Git, monkeypatch, tmp_path
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    (git.home / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(GitFailedError):
        git("config", "user.name")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.hooksPath", os.devnull), ("credential.helper", ""), ("http.proxy", ""),
        ("http.followRedirects", "false"), ("http.sslVerify", "true"), ("protocol.version", "2"),
        ("fetch.uriProtocols", ""), ("transfer.bundleURI", "false"), ("gc.auto", "0"),
        ("maintenance.auto", "false"), ("submodule.recurse", "false"),
    ],
)  # fmt: skip
def test_git_takes_our_configuration(git: Git, key: str, value: str) -> None:
    assert git("config", key).decode().rstrip("\n") == value


def test_a_repositorys_own_configuration_is_overruled(git: Git, tmp_path: Path) -> None:
    git("config", "--file", str(git.git_dir / "config"), "http.followRedirects", "true")
    assert git("config", "http.followRedirects") == b"false\n"


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% ran", "file:///tmp/x", "ssh://h/x", "git://h/x", "https://h.example/x"],
)
def test_no_protocol_is_allowed_unless_named(git: Git, url: str) -> None:
    with pytest.raises(GitFailedError) as failure:
        git("ls-remote", url)
    assert "not allowed" in failure.value.stderr
    assert not (git.home / "ran").exists()


def test_more_configuration_goes_by_the_environment(git: Git, program: Path) -> None:
    program.write_text('#!/bin/sh\ntr "\\0" "\\n" < /proc/$$/cmdline; env | grep VALUE\n')
    told = git("fetch", config=[("http.https://h/.extraHeader", SECRET)]).decode()
    command, _, environment = told.partition("GIT_CONFIG_VALUE")
    assert SECRET not in command
    assert SECRET in environment


def test_input_and_output_are_bytes_of_any_length(git: Git, program: Path) -> None:
    program.write_text("#!/bin/sh\nexec cat\n")
    sent = os.urandom(3_000_000)
    assert git("x", stdin=sent) == sent


def test_a_program_that_does_not_read_its_input(git: Git, program: Path) -> None:
    program.write_text("#!/bin/sh\nexec 0<&-\necho done\n")
    assert git("x", stdin=b"x" * 3_000_000) == b"done\n"


def test_a_failure_tells_the_end_of_what_git_said(git: Git, program: Path) -> None:
    program.write_text(
        "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x >&2\necho END >&2\nexit 3\n"
    )
    with pytest.raises(GitFailedError) as failure:
        git("x")
    assert failure.value.status == 3
    assert failure.value.stderr.endswith("END\n")
    assert len(failure.value.stderr) <= 16 * 1024


def test_what_prints_without_end_is_ended(git: Git, program: Path, monkeypatch) -> None:
    monkeypatch.setattr(mirror_git, "_MAX_OUTPUT", 100_000)
    program.write_text(f"#!/bin/sh\necho $$ > {git.home}/pid\nexec yes\n")
    with pytest.raises(HostUnavailable):
        git("x")
    assert gone(int((git.home / "pid").read_text()))


class TestDeadline:
    SLEEPS = "#!/bin/sh\nsleep 600 &\necho $! > {home}/child\necho $$ > {home}/pid\nwait\n"

    def test_every_process_is_gone_when_the_time_is_up(self, git: Git, program: Path) -> None:
        program.write_text(self.SLEEPS.format(home=git.home))
        with deadline_at(time.monotonic() + 0.5), pytest.raises(DeadlineExceeded):
            git("x")
        for name in ("pid", "child"):
            assert gone(int((git.home / name).read_text()))

    def test_one_whose_pipes_are_kept_by_a_child(self, git: Git, program: Path) -> None:
        program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {git.home}/child\n")
        with deadline_at(time.monotonic() + 0.5), pytest.raises(DeadlineExceeded):
            git("x")
        assert gone(int((git.home / "child").read_text()))

    def test_one_that_closes_its_pipes_and_stays(self, git: Git, program: Path) -> None:
        program.write_text("#!/bin/sh\nexec 1>&- 2>&- 0<&-\nexec sleep 600\n")
        with deadline_at(time.monotonic() + 0.5), pytest.raises(DeadlineExceeded):
            git("x")

    def test_no_time_starts_nothing_that_stays(self, git: Git, program: Path) -> None:
        program.write_text(f"#!/bin/sh\necho $$ > {git.home}/pid\nexec sleep 600\n")
        with deadline_at(time.monotonic() - 1), pytest.raises(DeadlineExceeded):
            git("x")

    def test_an_exception_in_the_middle_ends_it_too(
        self, git: Git, program: Path, monkeypatch
    ) -> None:
        program.write_text(f"#!/bin/sh\necho $$ > {git.home}/pid\necho x\nexec sleep 600\n")
        monkeypatch.setattr(mirror_git._Running, "_read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            git("x")
        pid = git.home / "pid"
        assert not pid.exists() or gone(int(pid.read_text()))


class TestSize:
    def test_a_folder_that_grows_too_large_ends_it(self, git: Git, program: Path) -> None:
        program.write_text(
            f"#!/bin/sh\necho $$ > {git.home}/pid\ncd {git.git_dir}\n"
            "i=0; while :; do head -c 100000 /dev/zero > f$i; i=$((i+1)); sleep 0.01; done\n"
        )
        watch = SizeWatch(git.git_dir, 1_000_000, unfiltered_limit=10**9)
        with pytest.raises(SizeExceededError):
            git("x", watch=watch)
        assert gone(int((git.home / "pid").read_text()))
        assert folder_bytes(git.git_dir) < 10_000_000

    def test_one_file_that_grows_too_large_is_cut_by_the_system(
        self, git: Git, program: Path
    ) -> None:
        program.write_text(f"#!/bin/sh\nexec head -c 500000000 /dev/zero > {git.git_dir}/f\n")
        watch = SizeWatch(git.git_dir, 1_000_000, unfiltered_limit=1_000_000)
        with pytest.raises(SizeExceededError):
            git("x", watch=watch)
        assert (git.git_dir / "f").stat().st_size < 100_000_000

    def test_a_folder_that_is_too_large_at_the_end(self, git: Git, program: Path) -> None:
        program.write_text(f"#!/bin/sh\nhead -c 2000000 /dev/zero > {git.git_dir}/f\n")
        watch = SizeWatch(git.git_dir, 1_000_000, unfiltered_limit=10**9)
        with pytest.raises(SizeExceededError):
            git("x", watch=watch)

    def test_the_other_limit_holds_once_git_says_that_nothing_is_filtered(
        self, git: Git, program: Path
    ) -> None:
        program.write_text(
            "#!/bin/sh\necho 'warning: filtering not recognized by server, ignoring' >&2\n"
            f"head -c 2000000 /dev/zero > {git.git_dir}/f\n"
        )
        git("x", watch=SizeWatch(git.git_dir, 1_000_000, unfiltered_limit=10**9))

    def test_what_git_says_right_before_it_grows_is_heard_in_time(
        self, git: Git, program: Path, monkeypatch
    ) -> None:
        """The program speaks and writes when the pipes were served and the folder is measured."""
        begin, done = git.home / "begin", git.home / "done"
        for fifo in (begin, done):
            os.mkfifo(fifo)
        program.write_text(
            f"#!/bin/sh\nread -r word < {begin}\n"
            "echo 'warning: filtering not recognized by server, ignoring' >&2\n"
            f"head -c 2000000 /dev/zero > {git.git_dir}/f\necho > {done}\n"
        )
        sizes: list[int] = []

        def measured_as_it_grows(folder: Path) -> int:
            if not sizes:
                begin.write_text("now\n")
                done.read_text()
            sizes.append(folder_bytes(folder))
            return sizes[-1]

        monkeypatch.setattr(mirror_git, "folder_bytes", measured_as_it_grows)
        git("x", watch=SizeWatch(git.git_dir, 1_000_000, unfiltered_limit=10**9))
        assert sizes[0] > 1_000_000

    def test_what_vanishes_meanwhile_is_not_counted(self, tmp_path: Path) -> None:
        stop = threading.Event()

        def churn() -> None:
            while not stop.is_set():
                (tmp_path / "x").mkdir(exist_ok=True)
                (tmp_path / "x" / "y").touch()
                (tmp_path / "x" / "y").unlink()
                (tmp_path / "x").rmdir()

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(200):
                assert folder_bytes(tmp_path) >= 0
        finally:
            stop.set()
            thread.join()


def test_memory_is_limited(git: Git, program: Path) -> None:
    program.write_text("#!/bin/sh\nulimit -v\nulimit -c\n")
    limits = git("x", watch=None).decode().split()
    assert limits[1] == "0"
    assert limits[0] == "unlimited" or int(limits[0]) * 1024 == 4 * 1024**3


def test_signals_are_as_a_program_expects_them(git: Git, program: Path) -> None:
    """Python ignores SIGPIPE and SIGXFSZ; git must die of them."""
    program.write_text("#!/bin/sh\ngrep SigIgn /proc/self/status\n")
    ignored = int(git("x").split()[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored & 1 << (number - 1)


class TestVersion:
    @pytest.fixture(autouse=True)
    def _fresh(self) -> Iterator[None]:
        mirror_git.why_no_git.cache_clear()
        yield
        mirror_git.why_no_git.cache_clear()

    def test_this_machines_git_will_do(self) -> None:
        assert mirror_git.why_no_git() == ""
        assert subprocess.run(["git", "version"], check=True, capture_output=True).stdout

    def test_one_that_would_ignore_the_pinned_address_will_not(self, program: Path) -> None:
        program.write_text("#!/bin/sh\necho git version 2.36.6\n")
        assert "older" in mirror_git.why_no_git()

    def test_none_at_all(self, monkeypatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "no git" in mirror_git.why_no_git()
