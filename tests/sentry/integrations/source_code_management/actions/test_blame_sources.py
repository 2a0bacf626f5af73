"""Who answers a blame: the host, or git on a mirror."""

import os
import time
from collections.abc import Iterator

import pytest

from forge_emulator import Fault
from sentry.integrations.github.integration import GitHubIntegration, GitHubIntegrationProvider
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions import blame_sources
from sentry.integrations.source_code_management.actions.capabilities import get_capabilities
from sentry.integrations.source_code_management.actions.commit_context import (
    LineQuestion,
    batch_get_commit_context,
    get_commit_context,
    stream_file_blame,
)
from sentry.integrations.source_code_management.errors import (
    HostGaveUp,
    IntegrationBroken,
    MirrorRefused,
    NotFound,
    TooLarge,
    Unsupported,
)
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import (
    BlameSource,
    Capability,
    CommitContext,
    FileBlameInfo,
)
from sentry.testutils.helpers.options import override_options
from sentry.testutils.tasks import run_due_tasks
from sentry.utils.deadline import deadline_at
from tests.sentry.integrations.scene import (
    HOST_TOKEN,
    PATH,
    GitTruth,
    Scene,
    build_repository,
    host_over,
    make_scene,
)

from .conftest import asked, caller_in

pytestmark = pytest.mark.django_db

GRAPHQL = "POST /graphql"
IGNORE = ".git-blame-ignore-revs"
NATIVE, MIRROR = BlameSource.NATIVE, BlameSource.MIRROR
ALWAYS = {"scm.mirrors.use-for": ["github"]}
OFF = {"scm.mirrors.enabled": False}


@pytest.fixture
def scene(db, tmp_path, settings) -> Iterator[Scene]:
    """As ``own``; git reaches the host, too."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    blame_sources._remembered = blame_sources._IgnoreRevsMemory()
    shared_runtime.cache_clear()
    git = build_repository(tmp_path / "own")
    with host_over(git) as emulator:
        made = make_scene(emulator, git)
        made.integration.metadata = {**made.integration.metadata, "web_url": emulator.url}
        made.integration.save()
        yield made
    shared_runtime.cache_clear()


class Blameless(GitHubIntegration):
    get_blame_for_files = None  # type: ignore[assignment]
    get_file_blame = None  # type: ignore[assignment]


class Mirrorless(Blameless):
    get_mirror_source = None  # type: ignore[assignment]


@pytest.fixture
def without_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has no blame of its own."""
    monkeypatch.setattr(GitHubIntegrationProvider, "installation_class", Blameless)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not tell of revisions to ignore with the blame."""

    def untold(**facts):
        return FileBlameInfo(**facts | {"has_ignore_revs": None})

    monkeypatch.setattr("sentry.integrations.github.line_blame.FileBlameInfo", untold)


def ignore_newest(git: GitTruth) -> str:
    """A commit that asks to ignore the one before it, which changed everything."""
    noise = git.commit("Reformat", {PATH: "one  = 1\nzwei  = 'ü'\ndrei  = 3\n".encode()})
    return git.commit("Ignore it", {IGNORE: f"# noise\n{noise}\n".encode()})


def ask(scene: Scene, number: int = 1, path: str = PATH, sha: str = "") -> CommitContext:
    return get_commit_context(caller_in(scene), question(scene, number, path, sha))


def ask_together(scene: Scene, *numbers: int) -> list[CommitContext]:
    answers = batch_get_commit_context(caller_in(scene), [question(scene, n) for n in numbers])
    contexts = [answer for answer in answers if isinstance(answer, CommitContext)]
    assert len(contexts) == len(answers), answers
    return contexts


def question(scene: Scene, number: int = 1, path: str = PATH, sha: str = "") -> LineQuestion:
    return LineQuestion(
        repository_id=scene.repository.id,
        commit_sha=sha or scene.git.head(),
        filepath=path,
        line_number=number,
    )


def stream(scene: Scene, path: str = PATH):
    return list(
        stream_file_blame(
            caller_in(scene),
            repository_id=scene.repository.id,
            commit_sha=scene.git.head(),
            filepath=path,
        )
    )


def git_requests(scene: Scene) -> int:
    return sum(request.kind == "git" for request in scene.emulator.requests)


def test_the_host_answers_as_a_rule(scene: Scene) -> None:
    context = ask(scene)
    assert (context.source, context.ignore_revs_applied) == (NATIVE, False)
    assert asked(scene.emulator) == [GRAPHQL]
    assert {(r.source, r.ignore_revs_applied) for r in stream(scene)} == {(NATIVE, False)}
    assert git_requests(scene) == 0


@override_options(ALWAYS)
def test_the_operator_may_choose_the_mirror(scene: Scene) -> None:
    expected = scene.git.blame()
    answers = ask_together(scene, 1, 2, 3)
    assert [(a.blame.sha, a.blame.author.name, a.code) for a in answers] == expected
    assert {a.source for a in answers} == {MIRROR}
    assert {r.source for r in stream(scene)} == {MIRROR}
    assert GRAPHQL not in asked(scene.emulator)


def test_the_wire_says_who_answered(scene: Scene) -> None:
    request = scm_pb2.GetCommitContextRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH, line_number=1
    )
    native = scene.rpc("GetCommitContext", request).response
    assert (native.blame_source, native.ignore_revs_applied) == (scm_pb2.BLAME_SOURCE_NATIVE, False)
    ignore_newest(scene.git)
    request.commit_sha = scene.git.head()
    context = scene.rpc("GetCommitContext", request).response
    assert (context.blame_source, context.ignore_revs_applied) == (
        scm_pb2.BLAME_SOURCE_MIRROR,
        True,
    )
    whole = scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )
    for message in scene.rpc("StreamFileBlame", whole).responses:
        assert (message.blame_source, message.ignore_revs_applied) == (
            scm_pb2.BLAME_SOURCE_MIRROR,
            True,
        )


class TestRevisionsToIgnore:
    def test_they_are_passed_over_on_the_mirror(self, scene: Scene) -> None:
        before = scene.git.blame()
        ignore_newest(scene.git)
        answers = ask_together(scene, 1, 2, 3)
        assert [answer.blame.sha for answer in answers] == [sha for sha, _, _ in before]
        assert {(a.source, a.ignore_revs_applied) for a in answers} == {(MIRROR, True)}
        assert {(r.source, r.ignore_revs_applied) for r in stream(scene)} == {(MIRROR, True)}

    def test_what_is_known_is_not_asked_again(self, scene: Scene) -> None:
        ignore_newest(scene.git)
        ask(scene, 1)
        scene.emulator.clear_requests()
        ask(scene, 2)
        assert asked(scene.emulator) == []

    def test_a_host_that_does_not_tell_is_asked_once(self, scene: Scene, silent) -> None:
        where = f"GET /repositories/{scene.repository.external_id}/contents/{IGNORE}"
        ask(scene, 1)
        ask(scene, 1, path="README.md")
        stream(scene)
        assert asked(scene.emulator) == [GRAPHQL, where, GRAPHQL]
        ignore_newest(scene.git)
        assert ask(scene, 1).source is MIRROR
        scene.emulator.clear_requests()
        assert ask(scene, 2).source is MIRROR
        assert asked(scene.emulator) == []

    def test_a_question_that_fails_spoils_no_answer(self, scene: Scene, silent) -> None:
        scene.emulator.faults.add(Fault(kind="status", status=500, match=IGNORE))
        assert ask(scene).source is NATIVE

    @pytest.mark.parametrize(
        "options", [OFF, {"scm.mirrors.max-bytes": 1}, OFF | ALWAYS], ids=["off", "cap", "chosen"]
    )
    def test_without_a_mirror_the_host_says_that_they_are_not(self, scene: Scene, options) -> None:
        noise = scene.git.head(), ignore_newest(scene.git)
        with override_options(options):
            context = ask(scene)
            ranges = stream(scene)
        assert (context.source, context.ignore_revs_applied) == (NATIVE, False)
        assert {(r.source, r.ignore_revs_applied) for r in ranges} == {(NATIVE, False)}
        assert context.blame.sha == scene.git("rev-parse", "HEAD~1").strip() != noise[0]

    @pytest.mark.parametrize("chosen", [{}, ALWAYS], ids=["revs", "chosen"])
    def test_the_host_says_a_file_that_is_too_large_for_a_mirror(
        self, scene: Scene, chosen
    ) -> None:
        scene.git.commit("Large", {"large.bin": b"first\n" + os.urandom(3_000_000)})
        ignore_newest(scene.git)
        with override_options(chosen | {"scm.mirrors.max-bytes": 1_000_000}):
            for number in (1, 2):  # unknown, then known
                context = ask(scene, number, "large.bin")
                assert (context.source, context.ignore_revs_applied) == (NATIVE, False)
            ranges = stream(scene, "large.bin")
            assert {(r.source, r.ignore_revs_applied) for r in ranges} == {(NATIVE, False)}
            assert ask(scene).source is MIRROR

    @pytest.mark.parametrize("kind", ["status", "drop"])
    def test_a_mirror_that_fails_costs_no_answer(self, scene: Scene, kind) -> None:
        ignore_newest(scene.git)
        status = 503 if kind == "status" else None
        scene.emulator.faults.add(Fault(kind=kind, status=status, match="git"))
        for number in (1, 2):  # unknown, then known
            context = ask(scene, number)
            assert (context.source, context.ignore_revs_applied) == (NATIVE, False)

    def test_a_mirror_that_takes_too_long_costs_no_answer(self, scene: Scene) -> None:
        ignore_newest(scene.git)
        scene.emulator.faults.add(Fault(kind="latency", seconds=30, match="git"))
        with deadline_at(time.monotonic() + 2):
            context = ask(scene)
        assert (context.source, context.ignore_revs_applied) == (NATIVE, False)

    def test_it_is_made_by_a_task_for_the_next_call(self, scene: Scene) -> None:
        ignore_newest(scene.git)
        scene.emulator.faults.add(Fault(kind="latency", seconds=30, match="git"))
        for number in (1, 2):
            with deadline_at(time.monotonic() + 1):
                assert ask(scene, number).source is NATIVE
        scene.emulator.faults.clear()
        assert run_due_tasks() == 1
        scene.emulator.clear_requests()
        assert ask(scene, 3).source is MIRROR
        assert git_requests(scene) == 2  # the file's contents


class TestWhatTheHostCannot:
    def test_a_file_that_it_gives_up_on_goes_to_the_mirror(self, scene: Scene) -> None:
        scene.emulator.faults.add(Fault(kind="resource_limits_exceeded"))
        context = ask(scene, 2)
        assert (context.blame.sha, context.blame.author.name, context.code) == scene.git.blame()[1]
        assert context.source is MIRROR
        assert {r.source for r in stream(scene)} == {MIRROR}

    def test_the_others_keep_the_hosts_answer(self, scene: Scene) -> None:
        scene.emulator.faults.add(Fault(kind="resource_limits_exceeded", times=2))
        paths = (PATH, "src/other.py", "README.md", "nothing.py")
        answers = batch_get_commit_context(caller_in(scene), [question(scene, 1, p) for p in paths])
        sources = [a.source if isinstance(a, CommitContext) else type(a) for a in answers]
        assert sources.count(NotFound) == 1
        assert set(sources[:3]) <= {NATIVE, MIRROR}

    def test_a_gateway_that_gives_up_does_so_too(self, scene: Scene) -> None:
        scene.emulator.faults.add(Fault(kind="status", status=502, match="graphql"))
        assert ask(scene).source is MIRROR

    @override_options(OFF)
    def test_without_mirrors_it_is_the_hosts_failure(self, scene: Scene) -> None:
        scene.emulator.faults.add(Fault(kind="resource_limits_exceeded"))
        with pytest.raises(HostGaveUp):
            ask(scene)
        with pytest.raises(HostGaveUp):
            stream(scene)

    def test_a_host_that_refuses_the_credential_is_not_asked_by_git(self, scene: Scene) -> None:
        scene.emulator.faults.add(Fault(kind="status", status=401))
        with pytest.raises(IntegrationBroken):
            ask(scene)
        assert git_requests(scene) == 0


@pytest.mark.usefixtures("without_blame")
class TestAHostWithoutBlame:
    def test_git_answers(self, scene: Scene) -> None:
        context = ask(scene, 3)
        assert (context.blame.sha, context.blame.author.name, context.code) == scene.git.blame()[2]
        assert context.source is MIRROR
        assert {r.source for r in stream(scene)} == {MIRROR}
        with pytest.raises(NotFound):
            ask(scene, 4)

    def test_a_credential_that_was_revoked_breaks_the_integration(self, scene: Scene) -> None:
        scene.emulator.revoke_token(HOST_TOKEN)
        with pytest.raises(IntegrationBroken):
            ask(scene)
        assert git_requests(scene) == 0  # the host said so when it was asked for the name
        scene.emulator.clear_requests()
        with pytest.raises(IntegrationBroken):
            ask(scene)
        assert asked(scene.emulator) == []

    def test_an_abbreviation(self, scene: Scene) -> None:
        assert ask(scene, sha=scene.git.head()[:9]).commit_sha == scene.git.head()

    def test_it_is_a_capability_while_mirrors_are_on(self, scene: Scene) -> None:
        def of_blame():
            _, supports = get_capabilities(caller_in(scene), repository_id=scene.repository.id)
            by_name = {each.capability: each for each in supports}
            return by_name[Capability.BLAME], by_name[Capability.MIRRORS]

        assert [each.supported for each in of_blame()] == [True, True]
        with override_options(OFF):
            assert [each.supported for each in of_blame()] == [False, False]
            assert "scm.mirrors.enabled" in of_blame()[0].reason
            with pytest.raises(Unsupported, match="switched off"):
                ask(scene)
            with pytest.raises(Unsupported, match="switched off"):
                stream(scene)

    def test_a_repository_beyond_the_cap(self, scene: Scene) -> None:
        with override_options({"scm.mirrors.max-bytes": 1}):
            with pytest.raises(MirrorRefused):
                ask(scene)
            with pytest.raises(MirrorRefused):
                stream(scene)

    def test_a_file_beyond_the_cap(self, scene: Scene) -> None:
        scene.git.commit("Large", {"large.bin": b"first\n" + os.urandom(3_000_000)})
        with override_options({"scm.mirrors.max-bytes": 1_000_000}):
            assert ask(scene).source is MIRROR
            for _ in range(2):
                with pytest.raises(TooLarge):
                    ask(scene, 1, "large.bin")
                with pytest.raises(TooLarge):
                    stream(scene, "large.bin")
            assert ask(scene, 2).source is MIRROR

    def test_neither_blame_nor_a_mirror(self, scene: Scene, monkeypatch) -> None:
        monkeypatch.setattr(GitHubIntegrationProvider, "installation_class", Mirrorless)
        why = {Capability.BLAME: "it knows nobody"}
        monkeypatch.setattr(GitHubIntegrationProvider, "unsupported", why)
        with pytest.raises(Unsupported, match="knows nobody"):
            ask(scene)


@override_options(OFF)
def test_a_hosts_own_blame_needs_no_mirrors(scene: Scene) -> None:
    _, supports = get_capabilities(caller_in(scene), repository_id=scene.repository.id)
    assert next(s for s in supports if s.capability is Capability.BLAME).supported
