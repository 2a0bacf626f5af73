"""The folder of mirrors: locks across threads and processes, removal, leftovers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry.integrations.source_code_management.errors import DeadlineExceeded
from sentry.integrations.source_code_management.mirror_git import SizeExceededError
from sentry.integrations.source_code_management.mirror_store import (
    MirrorStore,
    adding_contents,
    clear_leftovers,
    is_without_contents,
    mark_without_contents,
    why_unsafe,
)
from sentry.utils.deadline import deadline_at

BLOCK = 64 * 1024


@pytest.fixture
def store(tmp_path: Path) -> MirrorStore:
    return MirrorStore(tmp_path)


def make(store: MirrorStore, key: str, size: int = BLOCK, *, used_at: float = 0) -> None:
    """A mirror of about so many bytes, used then."""

    def fill(folder: Path) -> None:
        (folder / "pack").write_bytes(os.urandom(size))

    with store.fetching(key):
        store.make(key, fill)
    with store.using(key):
        pass
    os.utime(store.path(key).parent.parent / "locks" / key, (used_at, used_at))


def keys(store: MirrorStore) -> list[str]:
    return [each.key for each in store.stored()]


def soon(seconds: float = 0.05):
    return deadline_at(time.monotonic() + seconds)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that uses the mirror "a" and fetches into "b", until it is killed."""
    script = (
        "import sys, time, pathlib\n"
        "from sentry.integrations.source_code_management.mirror_store import MirrorStore\n"
        "store = MirrorStore(pathlib.Path(sys.argv[1]))\n"
        "with store.using('a'), store.fetching('b'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_mirror_appears_as_a_whole_or_not_at_all(store: MirrorStore) -> None:
    def fill(folder: Path) -> None:
        (folder / "half").touch()
        assert not store.has("a")
        raise DeadlineExceeded

    with store.fetching("a"), pytest.raises(DeadlineExceeded):
        store.make("a", fill)
    assert not store.has("a")
    assert not list((store.home.parent / "making").iterdir())


def test_what_a_killed_process_left_is_not_taken_for_a_mirror(store: MirrorStore) -> None:
    left = store.home.parent / "making" / "a"
    left.mkdir(parents=True)
    (left / "half").touch()
    make(store, "a")
    assert [each.name for each in store.path("a").iterdir()] == ["pack"]
    left.mkdir()
    store.make_room(10**9)
    assert not left.exists()


def test_the_folders_are_the_owners_alone(tmp_path: Path) -> None:
    root = tmp_path / "new" / "mirrors"
    store = MirrorStore(root)
    make(store, "a")
    store.refuse("b")
    for folder in (root, *root.iterdir()):
        assert folder.stat().st_mode & 0o077 == 0


def test_folders_that_others_may_read_are_narrowed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(MirrorStore(tmp_path), "a")
    for folder in (tmp_path, tmp_path / "mirrors"):
        folder.chmod(0o755)
    assert MirrorStore(tmp_path).has("a")
    modes = [each.stat().st_mode & 0o777 for each in (tmp_path, tmp_path / "mirrors")]
    assert modes == [0o755, 0o700]  # the root may hold what is not ours
    assert [record.message for record in caplog.records] == ["mirror.folder_narrowed"]


def test_a_folder_that_others_may_change_is_unsafe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert why_unsafe(tmp_path / "absent") == ""
    make(MirrorStore(tmp_path), "a")
    assert why_unsafe(tmp_path) == ""
    for mode, word in ((0o777, "go-w"), (0o775, "go-w"), (0o1777, ""), (0o755, "")):
        tmp_path.chmod(mode)
        assert word in why_unsafe(tmp_path)
        assert bool(word) == bool(why_unsafe(tmp_path))
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert "belongs to another user" in why_unsafe(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_a_folder_that_another_user_owns_is_unsafe(tmp_path: Path, mode: int) -> None:
    make(MirrorStore(tmp_path), "a")
    tmp_path.chmod(mode)
    os.chown(tmp_path, 12345, -1)
    assert why_unsafe(tmp_path).startswith(f"{tmp_path} belongs to another user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_folder_that_root_owns_is_safe_for_every_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as /tmp: what is made in it is the user's own."""
    tmp_path.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert why_unsafe(tmp_path) == ""


class TestRoom:
    def test_the_one_that_was_not_used_for_the_longest_time_goes(self, store: MirrorStore) -> None:
        for place, key in enumerate("abcd"):
            make(store, key, used_at=place)
        with store.using("a"):
            pass
        assert keys(store) == ["b", "c", "d", "a"]
        removed = store.make_room(2 * BLOCK)
        assert [each.key for each in removed] == ["b", "c"]
        assert keys(store) == ["d", "a"]

    def test_nothing_goes_while_there_is_room(self, store: MirrorStore) -> None:
        make(store, "a")
        assert store.make_room(10 * BLOCK) == []
        assert keys(store) == ["a"]

    def test_one_in_use_stays(self, store: MirrorStore) -> None:
        make(store, "a", used_at=1)
        make(store, "b", used_at=2)
        with store.using("a"):
            store.make_room(0)
            assert keys(store) == ["a"]
        store.make_room(0)
        assert keys(store) == []

    def test_one_that_another_process_uses_stays(self, store: MirrorStore, held) -> None:
        make(store, "a", used_at=1)
        store.make_room(0)
        assert keys(store) == ["a"]
        held.kill()
        held.wait()
        store.make_room(0)
        assert keys(store) == []

    def test_what_another_process_is_making_stays(self, store: MirrorStore, held) -> None:
        making = store.home.parent / "making" / "b"
        making.mkdir(parents=True)
        store.make_room(0)
        assert making.exists()


class TestLocks:
    def test_readers_share(self, store: MirrorStore) -> None:
        with store.using("a"), soon(), store.using("a"):
            pass

    def test_fetches_wait_for_each_other_within_the_deadline(
        self, store: MirrorStore, held
    ) -> None:
        with soon(), pytest.raises(DeadlineExceeded), store.fetching("b"):
            pass
        with soon(), store.fetching("a"):
            pass
        held.kill()
        with store.fetching("b"):
            pass

    def test_a_lock_of_a_killed_process_is_free(self, store: MirrorStore, held) -> None:
        held.send_signal(signal.SIGKILL)
        held.wait()
        with soon(5), store.fetching("b"):
            store.remove("a")

    def test_removal_waits_for_readers(self, store: MirrorStore) -> None:
        make(store, "a")
        with store.using("a"), soon(), pytest.raises(DeadlineExceeded):
            store.remove("a")
        assert store.has("a")
        store.remove("a")
        assert not store.has("a")

    def test_one_of_many_threads_makes_it(self, store: MirrorStore) -> None:
        made: list[int] = []

        def work(number: int) -> None:
            with store.using("a"), store.fetching("a"):
                if not store.has("a"):
                    store.make("a", lambda folder: made.append(number))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1

    def test_the_lock_is_not_inherited(self, store: MirrorStore) -> None:
        """A program that is started meanwhile does not keep it."""
        with store.fetching("a"):
            child = subprocess.Popen(["sleep", "600"], close_fds=False)
        try:
            with soon(), store.fetching("a"):
                pass
        finally:
            child.kill()
            child.wait()


def test_a_refusal_is_remembered_for_a_while(store: MirrorStore) -> None:
    assert not store.is_refused("a", within=60)
    store.refuse("a")
    assert store.is_refused("a", within=60)
    assert not store.is_refused("a", within=0)
    assert not store.is_refused("b", within=60)


def test_a_files_refusal_is_its_own(store: MirrorStore) -> None:
    store.refuse("a", "src/../ü\n.bin")
    assert store.is_refused("a", "src/../ü\n.bin", within=60)
    assert not store.is_refused("a", "src/other.bin", within=60)
    assert not store.is_refused("b", "src/../ü\n.bin", within=60)
    assert not store.is_refused("a", within=60)


def test_refusals_of_long_ago_are_swept_away(store: MirrorStore, tmp_path: Path) -> None:
    store.refuse("a", "old.bin")
    for refusal in tmp_path.glob("**/refused/*"):
        os.utime(refusal, (0, time.time() - 25 * 3600))
    store.refuse("a", "new.bin")
    store.make_room(0)
    assert len(list(tmp_path.glob("**/refused/*"))) == 1
    assert store.is_refused("a", "new.bin", within=60)


class TestAddingContents:
    @pytest.fixture
    def packs(self, tmp_path: Path) -> Path:
        packs = tmp_path / "objects/pack"
        packs.mkdir(parents=True)
        (packs / "pack-1.pack").touch()
        mark_without_contents(tmp_path)
        return packs

    def fetch(self, git_dir: Path, *names: str, error: Exception) -> None:
        """Something is fetched, and fails in the end."""
        with adding_contents(git_dir):
            assert not is_without_contents(git_dir)  # whoever is killed now leaves it so
            for name in names:
                (git_dir / "objects/pack" / name).touch()
            raise error

    def test_what_is_beyond_a_size_does_not_stay(self, packs: Path, tmp_path: Path) -> None:
        with pytest.raises(SizeExceededError):
            self.fetch(
                tmp_path, "tmp_pack_X1", "pack-2.pack", "pack-2.idx", error=SizeExceededError()
            )
        assert [path.name for path in packs.iterdir()] == ["pack-1.pack"]
        assert is_without_contents(tmp_path)

    def test_what_arrived_stays(self, packs: Path, tmp_path: Path) -> None:
        with pytest.raises(DeadlineExceeded):
            self.fetch(tmp_path, "tmp_pack_X1", error=DeadlineExceeded())
        assert is_without_contents(tmp_path)
        with pytest.raises(DeadlineExceeded):
            self.fetch(tmp_path, "pack-2.pack", error=DeadlineExceeded())
        assert not is_without_contents(tmp_path)
        with pytest.raises(SizeExceededError):
            self.fetch(tmp_path, "pack-3.pack", error=SizeExceededError())
        assert not is_without_contents(tmp_path)
        assert (packs / "pack-2.pack").exists()


def test_what_killed_commands_leave(tmp_path: Path) -> None:
    leftovers = [
        "packed-refs.lock", "refs/heads/a/b.lock", "objects/info/commit-graph.lock",
        "objects/info/commit-graphs/commit-graph-chain.lock", "objects/pack/tmp_pack_X1",
        "objects/pack/tmp_idx_X1",
    ]  # fmt: skip
    kept = ["packed-refs", "refs/heads/a/b", "objects/pack/pack-1.pack"]
    for name in (*leftovers, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    clear_leftovers(tmp_path)
    assert [name for name in (*leftovers, *kept) if (tmp_path / name).exists()] == kept
