"""Blame that is remembered and asked for once, over the emulator."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import DatabaseError, connection

from forge_emulator.faults import Fault
from sentry.integrations.source_code_management.actions.commit_context import (
    LineQuestion,
    batch_get_commit_context,
    get_commit_context,
)
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.shared_store import TableStore
from sentry.integrations.source_code_management.types import CommitContext
from sentry.models import Integration, SharedResult
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import HOST_TOKEN, PATH, Scene

from .conftest import asked, caller_in

PATIENCE = 30
GRAPHQL = "POST /graphql"


def line(scene: Scene, number: int = 1, path: str = PATH, sha: str = "") -> LineQuestion:
    return LineQuestion(
        repository_id=scene.repository.id,
        commit_sha=sha or scene.git.head(),
        filepath=path,
        line_number=number,
    )


def blamed(context: object) -> tuple[str, str, str]:
    assert isinstance(context, CommitContext), context
    return context.blame.sha, context.blame.author.name, context.code


def ask(scene: Scene, *questions: LineQuestion) -> list[CommitContext | ScmError]:
    return batch_get_commit_context(caller_in(scene), questions or [line(scene)])


@pytest.mark.django_db
class TestMemory:
    """What a host said once is not asked again."""

    def test_a_line_comes_from_memory(self, scene, store):
        first = get_commit_context(caller_in(scene), line(scene, 2))
        again = get_commit_context(caller_in(scene), line(scene, 2))
        assert again == first
        assert blamed(again) == scene.git.blame()[1]
        assert asked(scene.emulator) == [GRAPHQL]

    def test_so_does_every_other_line_of_the_file(self, scene, store):
        ask(scene, line(scene, 2))
        answers = ask(scene, *(line(scene, number) for number in (1, 3, 2, 4)))
        truth = scene.git.blame()
        assert [blamed(each) for each in answers[:3]] == [truth[0], truth[2], truth[1]]
        assert isinstance(answers[3], NotFound)
        assert asked(scene.emulator) == [GRAPHQL]

    def test_only_what_is_missing_is_asked(self, rich):
        ask(rich, line(rich))
        answers = ask(rich, line(rich, 1, "README.md"), line(rich, 2), line(rich, 1, "no.py"))
        assert blamed(answers[0]) == rich.git.blame("README.md")[0]
        assert blamed(answers[1]) == rich.git.blame()[1]
        assert isinstance(answers[2], NotFound)
        assert asked(rich.emulator) == [GRAPHQL] * 2

    def test_another_commit_is_another_question(self, rich):
        for sha in rich.git.shas()[:2]:
            assert blamed(ask(rich, line(rich, sha=sha))[0]) == rich.git.blame(PATH, sha)[0]
        assert asked(rich.emulator) == [GRAPHQL] * 2

    def test_what_is_not_there_may_come(self, scene):
        for _ in range(2):
            assert isinstance(ask(scene, line(scene, 1, "no.py"))[0], NotFound)
        assert asked(scene.emulator) == [GRAPHQL] * 2
        assert not SharedResult.objects.filter(value=None).exists()

    @pytest.mark.parametrize(
        "values", [{"scm.blame.cache-ttl": 0.0}, {"scm.blame.cache-bytes": 100}]
    )
    def test_it_is_switched_off_or_full(self, scene, store, values):
        with override_options(values):
            for _ in range(2):
                assert blamed(ask(scene)[0]) == scene.git.blame()[0]
        assert asked(scene.emulator) == [GRAPHQL] * 2

    def test_it_has_an_end(self, scene):
        ask(scene)
        SharedResult.objects.update(expires_at="2020-01-01T00:00:00Z")
        ask(scene)
        assert asked(scene.emulator) == [GRAPHQL] * 2

    def test_a_replaced_credential_begins_anew(self, scene, store):
        ask(scene)
        scene.emulator.add_token("ghp_another", "robot")
        row = Integration.objects.get(pk=scene.integration.pk)
        row.metadata = {**row.metadata, "token": "ghp_another"}
        row.save()
        ask(scene)
        assert asked(scene.emulator) == [GRAPHQL] * 2

    def test_organizations_share_nothing(self, scene, store):
        """The same repository on the same host with the same credential."""
        ask(scene)
        assert blamed(ask(beside(scene))[0]) == scene.git.blame()[0]
        assert asked(scene.emulator) == [GRAPHQL] * 2

    def test_no_secret_is_in_the_store(self, scene):
        ask(scene)
        for row in SharedResult.objects.all():
            assert row.value is not None
            assert HOST_TOKEN.encode() not in bytes(row.value)
            assert str(scene.organization.id) not in row.key

    def test_it_costs_few_statements(self, scene, django_assert_max_num_queries):
        with django_assert_max_num_queries(3 + 6):
            ask(scene, *(line(scene, number) for number in (1, 2, 3)))
        with django_assert_max_num_queries(2 + 1):
            ask(scene, *(line(scene, number) for number in (1, 2, 3)))

    @pytest.mark.parametrize("broken", ["read", "claim", "write"])
    def test_a_store_that_is_down_takes_no_answer_away(self, scene, monkeypatch, broken):
        def fail(*_: object, **__: object) -> None:
            raise DatabaseError("down")

        monkeypatch.setattr(TableStore, broken, fail)
        assert blamed(ask(scene)[0]) == scene.git.blame()[0]
        assert asked(scene.emulator) == [GRAPHQL]


def beside(scene: Scene) -> Scene:
    """Another organization with the same integration and a repository of the same name."""
    organization = Factories.create_organization()
    Factories.create_organization_integration(
        organization_id=organization.id, integration=scene.integration
    )
    repository = Factories.create_repo(
        organization_id=organization.id,
        name=scene.repository.name,
        external_id=scene.repository.external_id,
        integration_id=scene.integration.pk,
        config=scene.repository.config,
    )
    return replace(scene, organization=organization, repository=repository)


@pytest.mark.django_db
class TestFailures:
    """What fails in passing is nobody's answer but the one's who asked."""

    def test_a_host_that_is_down_is_asked_again(self, scene):
        fault = Fault(kind="status", status=500, times=1)
        scene.emulator.faults.add(fault)
        assert isinstance(ask(scene)[0], HostUnavailable)
        assert blamed(ask(scene)[0]) == scene.git.blame()[0]

    def test_what_is_known_survives_what_fails(self, rich):
        ask(rich, line(rich))
        rich.emulator.faults.add(Fault(kind="status", status=401))
        known, failed = ask(rich, line(rich, 2), line(rich, 1, "README.md"))
        assert blamed(known) == rich.git.blame()[1]
        assert isinstance(failed, IntegrationBroken)


def at_once[T](count: int, call: Callable[[int], T]) -> list[T]:
    """The results of calls in threads, which stand for processes: only the store joins them."""
    together = threading.Barrier(count)

    def one(number: int) -> T:
        try:
            together.wait(PATIENCE)
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_once(scene: Scene, store: str) -> None:
    scene.emulator.faults.add(Fault(kind="latency", seconds=0.2))
    found = at_once(8, lambda _: blamed(get_commit_context(caller_in(scene), line(scene))))
    assert found == scene.git.blame()[:1] * 8
    assert asked(scene.emulator) == [GRAPHQL]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("status", "kind"), [(401, IntegrationBroken), (500, HostUnavailable)])
def test_many_at_once_fail_alike(scene: Scene, status: int, kind: type[ScmError]) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=status))
    assert at_once(4, lambda _: type(ask(scene)[0])) == [kind] * 4
    assert 1 <= len(asked(scene.emulator)) <= 4
