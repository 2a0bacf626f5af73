"""Blame by git on a mirror, run once for all who ask and remembered as a host's own is."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from forge_emulator import Fault
from sentry.integrations.github.integration import GitHubIntegration, GitHubIntegrationProvider
from sentry.integrations.source_code_management import mirror, mirror_blame
from sentry.integrations.source_code_management.actions import blame_sources
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationBroken,
    MirrorRefused,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import BlameSource, CommitContext
from sentry.models import Integration, Repository, SharedResult
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import (
    HOST_TOKEN,
    PATH,
    Scene,
    build_repository,
    host_over,
    make_scene,
)

from .conftest import asked
from .test_shared_blame import ask, at_once, beside, blamed, line
from .test_shared_file_blame import stream

pytestmark = pytest.mark.django_db

NATIVE, MIRROR = BlameSource.NATIVE, BlameSource.MIRROR
ALWAYS = {"scm.mirrors.use-for": ["github"]}
FORGET = {"scm.blame.cache-ttl": 0.0}
GRAPHQL = "POST /graphql"


class Blameless(GitHubIntegration):
    get_blame_for_files = None  # type: ignore[assignment]
    get_file_blame = None  # type: ignore[assignment]


@pytest.fixture
def both(db, tmp_path, settings) -> Iterator[Scene]:
    """A host with a blame of its own, which git reaches, too."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    blame_sources._remembered = blame_sources._IgnoreRevsMemory()
    shared_runtime.cache_clear()
    git = build_repository(tmp_path / "own")
    with host_over(git) as emulator:
        scene = make_scene(emulator, git)
        scene.integration.metadata = {**scene.integration.metadata, "web_url": emulator.url}
        scene.integration.save()
        yield scene
    shared_runtime.cache_clear()


@pytest.fixture
def scene(both: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A host without one."""
    monkeypatch.setattr(GitHubIntegrationProvider, "installation_class", Blameless)
    return both


@pytest.fixture
def blames(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Sequence[int] | None]]:
    """The path and lines of each run of ``git blame``."""
    runs: list[tuple[str, Sequence[int] | None]] = []
    real = mirror_blame.blame_file

    def counted(git: Any, file: Any, found: Any, *, lines: Any) -> Any:
        runs.append((file.path, lines))
        return real(git, file, found, lines=lines)

    monkeypatch.setattr(mirror, "blame_file", counted)
    return runs


def contexts(answers: Sequence[CommitContext | ScmError]) -> list[CommitContext]:
    found = [answer for answer in answers if isinstance(answer, CommitContext)]
    assert len(found) == len(answers), answers
    return found


def test_a_line_comes_from_memory(scene, store, blames):
    (first,) = contexts(ask(scene, line(scene, 2)))
    (again,) = contexts(ask(scene, line(scene, 2)))
    assert again == first
    assert (again.source, blamed(again)) == (MIRROR, scene.git.blame()[1])
    assert blames == [(PATH, [2])]


def test_only_what_is_missing_is_asked(scene, store, blames):
    ask(scene, line(scene, 2))
    answers = ask(scene, line(scene, 1), line(scene, 2), line(scene, 3))
    assert [blamed(answer) for answer in answers] == scene.git.blame()
    assert blames == [(PATH, [2]), (PATH, [1, 3])]


def test_a_whole_file_is_remembered_with_its_lines(scene, store, blames):
    first = stream(scene)
    assert stream(scene) == first
    assert {each.source for each in first} == {MIRROR}
    (context,) = contexts(ask(scene, line(scene, 3)))
    assert (context.source, blamed(context)) == (MIRROR, scene.git.blame()[2])
    assert blames == [(PATH, None)]


@override_options(FORGET)
def test_without_memory_git_is_asked_again(scene, store, blames):
    for _ in range(2):
        assert blamed(ask(scene)[0]) == scene.git.blame()[0]
    assert len(blames) == 2


def test_whether_revisions_were_ignored_is_remembered(scene, store, blames):
    before = scene.git.blame()
    noise = scene.git.commit("Reformat", {PATH: "one  = 1\nzwei  = 'ü'\ndrei  = 3\n".encode()})
    scene.git.commit("Ignore it", {".git-blame-ignore-revs": f"{noise}\n".encode()})
    for _ in range(2):
        (context,) = contexts(ask(scene))
        assert (context.blame.sha, context.ignore_revs_applied) == (before[0][0], True)
    assert len(blames) == 1


def test_what_the_host_said_and_what_git_says_are_apart(both, store, blames):
    assert [each.source for each in contexts(ask(both))] == [NATIVE]
    with override_options(ALWAYS):
        assert [each.source for each in contexts(ask(both))] == [MIRROR]
    assert [each.source for each in contexts(ask(both))] == [NATIVE]
    assert asked(both.emulator).count(GRAPHQL) == 1
    assert len(blames) == 1


def test_a_replaced_credential_begins_anew(scene, store, blames):
    ask(scene)
    scene.emulator.add_token("ghp_another", "robot")
    row = Integration.objects.get(pk=scene.integration.pk)
    row.metadata = {**row.metadata, "token": "ghp_another"}
    row.save()
    ask(scene)
    assert len(blames) == 2


def test_organizations_share_nothing(scene, store, blames):
    ask(scene)
    assert blamed(ask(beside(scene))[0]) == scene.git.blame()[0]
    assert len(blames) == 2


def test_a_name_that_another_repository_has_by_now_is_no_key(scene, store):
    """The host knows no repository of the other id: what is remembered would have answered."""
    assert contexts(ask(scene))
    Repository.objects.filter(pk=scene.repository.pk).update(external_id="4711")
    assert isinstance(ask(scene)[0], NotFound)


def test_another_name_of_the_same_repository_asks_nobody(scene, store, blames):
    (first,) = contexts(ask(scene))
    row = Repository.objects.get(pk=scene.repository.pk)
    row.config = {**row.config, "identifier": "acme/renamed"}
    row.save()
    assert contexts(ask(scene)) == [first]
    assert len(blames) == 1


def test_a_repository_that_is_deleted_here_is_told_nothing_of(scene):
    ask(scene)
    Repository.objects.filter(pk=scene.repository.pk).delete()
    assert isinstance(ask(scene)[0], NotFound)


def test_what_is_not_there_may_come(scene, store):
    for _ in range(2):
        assert isinstance(ask(scene, line(scene, 1, "no.py"))[0], NotFound)
    assert not SharedResult.objects.filter(value=None).exists()


def test_a_host_that_is_down_is_asked_again(scene, store, blames):
    scene.emulator.faults.add(Fault(kind="status", status=503, match="git", times=1))
    assert isinstance(ask(scene)[0], HostUnavailable)
    assert blamed(ask(scene)[0]) == scene.git.blame()[0]


def test_a_rejected_credential_is_told_nothing(scene, store, blames):
    ask(scene)
    scene.emulator.revoke_token(HOST_TOKEN)
    known, failed = ask(scene, line(scene, 1), line(scene, 1, "README.md"))
    assert blamed(known) == scene.git.blame()[0]
    assert isinstance(failed, IntegrationBroken)
    assert isinstance(ask(scene)[0], IntegrationBroken)


@override_options(ALWAYS)
def test_where_the_mirror_is_refused_the_host_answers_for_what_is_not_remembered(both, store):
    ask(both)
    with override_options({"scm.mirrors.max-bytes": 1}):
        both.git.commit("More", {"more.py": b"m = 1\n"})
        sha = both.git.head()
        answers = contexts(ask(both, line(both, 1, sha=both.git.shas()[1]), line(both, sha=sha)))
    assert [each.source for each in answers] == [MIRROR, NATIVE]


def test_where_there_is_no_other_way_what_is_remembered_stays(scene, store):
    ask(scene)
    with override_options({"scm.mirrors.max-bytes": 1}):
        scene.git.commit("More", {"more.py": b"m = 1\n"})
        known, refused = ask(
            scene, line(scene, 1, sha=scene.git.shas()[1]), line(scene, 1, "more.py")
        )
    assert blamed(known) == scene.git.blame()[0]
    assert isinstance(refused, MirrorRefused)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_are_one_run_of_git(scene, store, blames):
    answers = at_once(100, lambda _: blamed(ask(scene)[0]))
    assert answers == scene.git.blame()[:1] * 100
    assert blames == [(PATH, [1])]
