"""Who answers a blame on each host: the host itself, or git on a mirror where that knows better."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import Capability
from sentry.testutils.helpers.options import override_options
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.scene import GitTruth

from .big_repository import Git
from .conftest import Place, place_on
from .hosts import HOSTS, TOKEN, HostKind

PATH = "src/shop.py"
LIST = ".git-blame-ignore-revs"
NATIVE, MIRROR = scm_pb2.BLAME_SOURCE_NATIVE, scm_pb2.BLAME_SOURCE_MIRROR

type Told = tuple[list[str], set[tuple[int, bool]]]


@dataclass
class Listing:
    """A repository on one host; ``head`` lists a commit to ignore, ``before`` does not yet."""

    place: Place
    git: GitTruth
    before: str
    head: str

    @property
    def has_own_blame(self) -> bool:
        provider = integrations.get(self.place.kind.key.value)
        return getattr(provider.installation_class, "get_blame_for_files", None) is not None

    def truth(self, sha: str, *options: str) -> list[str]:
        """The commit of each line, as git says."""
        told = self.git("blame", "-s", "-l", "--root", *options, sha, "--", PATH)
        return [line.split()[0] for line in told.splitlines()]

    def one_by_one(self, sha: str) -> Told:
        """The commit of each line as the service says, and how it knows."""
        lines = [
            scm_pb2.GetCommitContextRequest(
                repository_id=self.place.repository.id,
                commit_sha=sha,
                filepath=PATH,
                line_number=number,
            )
            for number in (1, 2)
        ]
        request = scm_pb2.BatchGetCommitContextRequest(requests=lines)
        results = self.place.rpc("BatchGetCommitContext", request).response.results
        told = [each.context for each in results]
        return (
            [each.blame_commit_id for each in told],
            {(each.blame_source, each.ignore_revs_applied) for each in told},
        )

    def whole(self, sha: str) -> Told:
        """The same of a stream of the whole file."""
        request = scm_pb2.StreamFileBlameRequest(
            repository_id=self.place.repository.id, commit_sha=sha, filepath=PATH
        )
        answer = self.place.rpc("StreamFileBlame", request)
        assert answer.status is RpcStatus.OK, answer.message
        return (
            [each.commit_id for each in answer.responses for _ in each.lines],
            {(each.blame_source, each.ignore_revs_applied) for each in answer.responses},
        )


@pytest.fixture(params=HOSTS, ids=lambda kind: kind.key.value)
def listing(request: pytest.FixtureRequest, db, settings, tmp_path: Path) -> Iterator[Listing]:
    """The second commit only indents; the third one says so."""
    kind: HostKind = request.param
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    shared_runtime.cache_clear()
    (tmp_path / "work").mkdir()
    git = GitTruth(tmp_path / "work")
    git("init", "-q", "-b", "main")
    git.commit("Begin", {PATH: b"one = 1\ntwo = 2\n"})
    noise = git.commit("Indent", {PATH: b"    one = 1\n    two = 2\n"})
    head = git.commit("Ignore that", {LIST: f"{noise}\n".encode()})
    folder = os.environ.get("CONTRACTS_DIR")
    with Emulator(
        kind.key.value,
        [HostedRepository(full_name=kind.full_name, path=git.path, private=True)],
        tokens={TOKEN: (kind.account,)},
        rate_limit=None,
        contracts=Path(folder) if folder else None,
    ) as emulator:
        yield Listing(place_on(kind, emulator, Git(git.path)), git, before=noise, head=head)
        assert not folder or emulator.problems == []
    shared_runtime.cache_clear()


def test_revisions_to_ignore_are_passed_over_on_the_mirror(listing: Listing) -> None:
    truth = listing.truth(listing.head, "--ignore-revs-file", str(listing.git.path / LIST))
    assert truth != listing.truth(listing.head)
    assert listing.one_by_one(listing.head) == (truth, {(MIRROR, True)})
    assert listing.whole(listing.head) == (truth, {(MIRROR, True)})


def test_where_none_are_listed_the_host_answers_if_it_can(listing: Listing) -> None:
    source = NATIVE if listing.has_own_blame else MIRROR
    expected = listing.truth(listing.before), {(source, False)}
    assert listing.one_by_one(listing.before) == expected
    assert listing.whole(listing.before) == expected


def test_without_mirrors_the_host_says_that_they_are_not_passed_over(listing: Listing) -> None:
    with override_options({"scm.mirrors.enabled": False}):
        if listing.has_own_blame:
            expected = listing.truth(listing.head), {(NATIVE, False)}
            assert listing.one_by_one(listing.head) == expected
            assert listing.whole(listing.head) == expected
            return
        line = scm_pb2.GetCommitContextRequest(
            repository_id=listing.place.repository.id,
            commit_sha=listing.head,
            filepath=PATH,
            line_number=1,
        )
        answer = listing.place.rpc("GetCommitContext", line)
        assert (answer.status, answer.reason) == (RpcStatus.UNIMPLEMENTED, "CAPABILITY_MISSING")
        asked = scm_pb2.GetCapabilitiesRequest(repository_id=listing.place.repository.id)
        told = listing.place.rpc("GetCapabilities", asked).response.capabilities
        blame = scm_pb2.Capability.Value(f"CAPABILITY_{Capability.BLAME.value.upper()}")
        (one,) = [each for each in told if each.capability == blame]
        assert (one.supported, bool(one.reason)) == (False, True)


def test_the_operator_may_choose_the_mirror(listing: Listing) -> None:
    with override_options({"scm.mirrors.use-for": [listing.place.kind.key.value]}):
        expected = listing.truth(listing.before), {(MIRROR, False)}
        assert listing.one_by_one(listing.before) == expected
        assert listing.whole(listing.before) == expected
