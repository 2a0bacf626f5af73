"""A repository that was renamed on its host is followed by its id, never by its former name.

The row still has the name that was true when it was synchronized, and meanwhile an unrelated
repository may have it. Whatever that one holds is never told, and nothing of it is stored.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from forge_emulator import Emulator, HostedRepository
from forge_emulator.repositories import Repository as HostRepository
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions.installations import ref_of
from sentry.integrations.source_code_management.actions.repository_events import follow_change
from sentry.integrations.source_code_management.actions.rows import to_repository
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.integrations.source_code_management.webhooks import RepositoryChangedEvent
from sentry.models import Commit, CommitAuthor, ExternalIssue, Repository
from sentry.testutils.helpers.options import override_options
from sentry.testutils.rpc import RpcAnswer, RpcStatus
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.scene import GitTruth

from .big_repository import Git
from .conftest import Place, installation_of, place_on
from .hosts import HOSTS, TOKEN, HostKind

WORD = "zwischenfall"
ABSENT = {RpcStatus.NOT_FOUND, RpcStatus.FAILED_PRECONDITION, RpcStatus.UNIMPLEMENTED}
# Has no address of a repository but its names; it compares the id, and does not answer.
BY_NAME = {ProviderKey.BITBUCKET_SERVER}


@dataclass(frozen=True)
class Content:
    """A repository of one side: everything in it holds the side's own word."""

    side: str
    git: Git

    @property
    def head(self) -> str:
        return self.git("rev-parse", "main").strip()

    @property
    def marks(self) -> list[str]:
        """What only this side can have told."""
        return [f"{self.side}-", *self.git("rev-list", "--all").split()]


def _build(folder: Path, side: str, default: str) -> Content:
    """Two repositories with the same paths, branches and tags; all else differs."""
    folder.mkdir(parents=True, exist_ok=True)
    git = GitTruth(folder)
    who = (f"{side}-author", f"{side}@example.com")
    git("init", "-q", "-b", "main")
    git.commit(f"{side}-begin", {"shop.txt": f"{side}-one\n{side}-two\n".encode()}, who)
    git("branch", "base")
    git("checkout", "-q", "-b", "side")
    git.commit(f"{side}-aside", {"aside.txt": f"{side}-aside\n".encode()}, who)
    git("checkout", "-q", "main")
    found = {f"{side}-found.txt": f"{side}-{WORD} {WORD}\n".encode()}
    git.commit(f"{side}-end", {**found, "shop.txt": f"{side}-1\n{side}-two\n".encode()}, who)
    if default != "main":
        git("checkout", "-q", "-b", default)
    return Content(side, Git(folder))


@dataclass
class Renamed:
    """A place whose repository is to be renamed; ``ours`` is what the row means."""

    place: Place
    ours: Content
    theirs: Content

    @property
    def repository(self) -> Repository:
        return self.place.repository

    @property
    def ref(self) -> Any:
        return ref_of(to_repository(self.repository))

    @property
    def installation(self) -> Any:
        return installation_of(self.place.integration, self.place.organization.id)

    def rename(self, *, owner: str = "") -> str:
        """Gives it another name, or the same one elsewhere; the new full name."""
        own, _, name = self.place.kind.full_name.rpartition("/")
        new = f"{owner}/{name}" if owner else f"{own}/store"
        self.place.emulator.rename_repository(self.place.kind.full_name, new)
        return new

    def take_name(self) -> HostRepository:
        """Another repository has the old name from now on."""
        full_name = self.place.kind.full_name
        hosted = HostedRepository(full_name=full_name, path=self.theirs.git.path, id=4711)
        other = self.place.emulator.add_repository(hosted)
        self.place.emulator.add_pull_request(
            full_name, title="theirs-pull", head="side", base="main"
        )
        return other

    def call(self, method: str) -> RpcAnswer[Any]:
        return self.place.rpc(method, READS[method](self))

    def told(self, answer: RpcAnswer[Any]) -> str:
        """All that an answer says."""
        return "\n".join([answer.message, *(str(each) for each in answer.responses)])

    def is_theirs(self, answer: RpcAnswer[Any]) -> bool:
        return any(mark in self.told(answer) for mark in self.theirs.marks)

    def is_ours(self, answer: RpcAnswer[Any]) -> bool:
        return any(mark in self.told(answer) for mark in self.ours.marks)

    def assert_nothing_of_theirs_is_stored(self) -> None:
        keys = set(Commit.objects.values_list("key", flat=True))
        assert not keys & set(self.theirs.marks)
        assert not CommitAuthor.objects.filter(email="theirs@example.com").exists()


def _line(renamed: Renamed, number: int = 1) -> scm_pb2.GetCommitContextRequest:
    return scm_pb2.GetCommitContextRequest(
        repository_id=renamed.repository.id,
        commit_sha=renamed.ours.head,
        filepath="shop.txt",
        line_number=number,
    )


READS: dict[str, Callable[[Renamed], Message]] = {
    "GetCommit": lambda its: scm_pb2.GetCommitRequest(
        repository_id=its.repository.id, commit_sha=its.ours.head
    ),
    "ListCommits": lambda its: scm_pb2.ListCommitsRequest(
        repository_id=its.repository.id, ref="main"
    ),
    "GetFile": lambda its: scm_pb2.GetFileRequest(repository_id=its.repository.id, path="shop.txt"),
    "GetCommitContext": _line,
    "StreamFileBlame": lambda its: scm_pb2.StreamFileBlameRequest(
        repository_id=its.repository.id, commit_sha=its.ours.head, filepath="shop.txt"
    ),
    "BatchGetCommitContext": lambda its: scm_pb2.BatchGetCommitContextRequest(
        requests=[_line(its, 1), _line(its, 2)]
    ),
    "CompareCommits": lambda its: scm_pb2.CompareCommitsRequest(
        repository_id=its.repository.id, base="base", head="main"
    ),
    "ListTree": lambda its: scm_pb2.ListTreeRequest(repository_id=its.repository.id),
    "ListPullRequestsForCommit": lambda its: scm_pb2.ListPullRequestsForCommitRequest(
        repository_id=its.repository.id, commit_sha=its.ours.git("rev-parse", "side").strip()
    ),
    "SearchCode": lambda its: scm_pb2.SearchCodeRequest(
        repository_id=its.repository.id, query=WORD
    ),
}


@pytest.fixture(scope="session")
def contents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Content, Content]:
    folder = tmp_path_factory.mktemp("former-names")
    return _build(folder / "ours", "ours", "main"), _build(folder / "theirs", "theirs", "trunk")


@pytest.fixture(params=HOSTS, ids=lambda kind: kind.key.value)
def renamed(
    request: pytest.FixtureRequest, db, settings, tmp_path: Path, contents: tuple[Content, Content]
) -> Iterator[Renamed]:
    """A repository that is synchronized and not renamed yet."""
    kind: HostKind = request.param
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    shared_runtime.cache_clear()
    folder = os.environ.get("CONTRACTS_DIR")
    with Emulator(
        kind.key.value,
        [HostedRepository(full_name=kind.full_name, path=contents[0].git.path)],
        tokens={TOKEN: (kind.account,)},
        rate_limit=None,
        contracts=Path(folder) if folder else None,
    ) as emulator:
        emulator.add_pull_request(kind.full_name, title="ours-pull", head="side", base="main")
        made = Renamed(place_on(kind, emulator, contents[0].git), *contents)
        _synchronize(made.place)
        yield made
        assert not folder or emulator.problems == []
    shared_runtime.cache_clear()


def _synchronize(place: Place) -> None:
    """Puts the row that a synchronization makes in the place of the one that was made by hand."""
    Repository.objects.all().delete()
    request = scm_pb2.SyncRepositoriesRequest(integration_id=place.integration.pk)
    assert place.rpc("SyncRepositories", request).status is RpcStatus.OK
    run_due_tasks()
    place.repository = Repository.objects.get()


def _answers(renamed: Renamed, *, must_answer: bool) -> dict[str, str]:
    """Which reads answered wrongly, and what."""
    wrong = {}
    for method in READS:
        answer = renamed.call(method)
        is_right = renamed.is_ours(answer) or answer.status is RpcStatus.UNIMPLEMENTED
        is_none = answer.status in ABSENT or (method == "BatchGetCommitContext")
        if renamed.is_theirs(answer) or not (is_right or (is_none and not must_answer)):
            wrong[method] = f"{answer.status.name}: {renamed.told(answer)}"
    return wrong


def test_a_renamed_repository_is_read_on(renamed: Renamed) -> None:
    renamed.rename()
    assert _answers(renamed, must_answer=renamed.place.kind.key not in BY_NAME) == {}


def test_a_name_that_another_one_took_is_not_read(renamed: Renamed) -> None:
    renamed.rename()
    renamed.take_name()
    assert _answers(renamed, must_answer=renamed.place.kind.key not in BY_NAME) == {}
    renamed.assert_nothing_of_theirs_is_stored()


def test_a_name_that_was_left_for_another_owner_is_not_read(renamed: Renamed) -> None:
    renamed.rename(owner="elsewhere")
    renamed.take_name()
    assert _answers(renamed, must_answer=False) == {}
    renamed.assert_nothing_of_theirs_is_stored()


def test_commits_of_the_other_one_are_not_found(renamed: Renamed) -> None:
    renamed.rename()
    renamed.take_name()
    sha = renamed.theirs.head
    shortened = RpcStatus.NOT_FOUND if renamed.place.kind.shortens else RpcStatus.INVALID_ARGUMENT
    for asked, told in ((sha, RpcStatus.NOT_FOUND), (sha[:12], shortened)):
        request = scm_pb2.GetCommitRequest(repository_id=renamed.repository.id, commit_sha=asked)
        assert renamed.place.rpc("GetCommit", request).status is told
    line = _line(renamed)
    line.commit_sha = sha
    assert renamed.place.rpc("GetCommitContext", line).status is RpcStatus.NOT_FOUND
    renamed.assert_nothing_of_theirs_is_stored()


def test_the_default_branch_of_the_other_one_is_not_told(renamed: Renamed) -> None:
    renamed.rename()
    renamed.take_name()
    try:
        branch = renamed.installation.get_repository_default_branch(renamed.ref)
    except ScmError:
        assert renamed.place.kind.key in BY_NAME
    else:
        assert branch == "main"


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_mirror_is_not_filled_from_the_other_one(renamed: Renamed, is_warm: bool) -> None:
    with override_options(
        {"scm.mirrors.use-for": [renamed.place.kind.key.value], "scm.blame.cache-ttl": 0.0}
    ):
        if is_warm:
            assert renamed.is_ours(renamed.call("GetCommitContext"))
        renamed.rename()
        renamed.take_name()
        answer = renamed.call("GetCommitContext")
        line = _line(renamed)
        line.commit_sha = renamed.theirs.head
        other = renamed.place.rpc("GetCommitContext", line)
    assert not renamed.is_theirs(answer)
    assert other.status is RpcStatus.NOT_FOUND
    if is_warm or renamed.place.kind.key not in BY_NAME:
        assert answer.response.blame_source == scm_pb2.BLAME_SOURCE_MIRROR
        assert renamed.is_ours(answer)


def test_a_ticket_is_opened_in_no_other_repository(renamed: Renamed) -> None:
    kind, emulator = renamed.place.kind, renamed.place.emulator
    new = renamed.rename()
    other = renamed.take_name()
    request = scm_pb2.CreateExternalIssueRequest(
        integration_id=renamed.place.integration.pk,
        title="ours-ticket",
        metadata={"repo": kind.issue_home or kind.name},
    )
    answer = renamed.place.rpc("CreateExternalIssue", request)
    if not kind.issue_home:
        assert answer.status is RpcStatus.UNIMPLEMENTED
        return
    assert answer.status is RpcStatus.OK, answer.message
    assert [each.title for each in emulator.issues(new)] == ["ours-ticket"]
    if emulator.world.issue_home(other) == other.id:
        assert emulator.issues(kind.full_name) == []
    assert ExternalIssue.objects.get().key == answer.response.key


def test_a_late_delivery_gives_no_other_repositorys_name(renamed: Renamed) -> None:
    """It was called store for a while: by now it has a third name, and another one that."""
    kind, emulator = renamed.place.kind, renamed.place.emulator
    store = renamed.rename()
    told = renamed.installation.get_current_repository(renamed.ref)
    third = store.removesuffix("store") + "mall"
    emulator.rename_repository(store, third)
    emulator.add_repository(
        HostedRepository(full_name=store, path=renamed.theirs.git.path, id=4711)
    )
    before = renamed.repository.name
    event = RepositoryChangedEvent(repository=told, updated_at=None)
    follow_change(renamed.repository, renamed.installation, event)
    after = Repository.objects.get(pk=renamed.repository.pk)
    if kind.key in BY_NAME:
        assert after.name == before
    else:
        assert after.name == renamed.installation.get_current_repository(renamed.ref).name
    assert after.name != told.name


def test_a_webhook_is_registered_in_no_other_repository(renamed: Renamed) -> None:
    renamed.rename()
    other = renamed.take_name()
    try:
        renamed.installation.register_webhook(
            renamed.ref, url="https://sentry.example.com/hook", secret="a-secret-of-a-webhook"
        )
    except ScmError:
        assert renamed.place.kind.key in BY_NAME
    assert renamed.place.emulator.world.store.hooks(other.id) == []
