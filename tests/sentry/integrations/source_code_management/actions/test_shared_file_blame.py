"""Whole files that are blamed once for all who ask, and remembered."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError

from forge_emulator.faults import Fault
from sentry.integrations.source_code_management.actions import shared_file_blame
from sentry.integrations.source_code_management.actions.commit_context import stream_file_blame
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
)
from sentry.integrations.source_code_management.actions.shared_file_blame import blame_file_once
from sentry.integrations.source_code_management.errors import HostUnavailable, NotFound
from sentry.integrations.source_code_management.shared_store import TableStore
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BlameSource,
    RepositoryRef,
)
from sentry.models import Integration, SharedResult
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import PATH, Scene

from .conftest import asked, caller_in
from .test_shared_blame import ask, at_once, beside, blamed, line

pytestmark = pytest.mark.django_db

GRAPHQL = "POST /graphql"
FORGET = {"scm.blame.cache-ttl": 0.0}


def stream(scene: Scene, path: str = PATH) -> list[BlameRangeInfo]:
    return list(
        stream_file_blame(
            caller_in(scene),
            repository_id=scene.repository.id,
            commit_sha=scene.git.head(),
            filepath=path,
        )
    )


def rows(ranges: list[BlameRangeInfo]) -> list[tuple[str, str, str]]:
    """As ``GitTruth.blame``."""
    return [(r.commit.sha, r.commit.author.name, text) for r in ranges for text in r.lines]


def blames(scene: Scene) -> int:
    return asked(scene.emulator).count(GRAPHQL)


def test_a_file_comes_from_memory(scene, store):
    first = stream(scene)
    assert stream(scene) == first
    assert rows(first) == scene.git.blame()
    assert blames(scene) == 1


def test_so_do_its_lines(scene, store):
    stream(scene)
    answers = ask(scene, *(line(scene, number) for number in (1, 2, 3, 4)))
    assert [blamed(answer) for answer in answers[:3]] == scene.git.blame()
    assert isinstance(answers[3], NotFound)
    assert blames(scene) == 1


def test_and_a_file_of_which_a_line_was_asked_for(scene, store):
    ask(scene)
    assert rows(stream(scene)) == scene.git.blame()
    assert blames(scene) == 1


@pytest.mark.parametrize("values", [FORGET, {"scm.blame.cache-bytes": 100}])
def test_it_is_switched_off_or_full(scene, store, values):
    with override_options(values):
        for _ in range(2):
            assert rows(stream(scene)) == scene.git.blame()
    assert blames(scene) == 2


def test_a_file_that_is_too_large_is_given_as_it_comes(scene, store, monkeypatch):
    monkeypatch.setattr(shared_file_blame, "_LARGEST", 300)
    for _ in range(2):
        assert rows(stream(scene)) == scene.git.blame()
    assert blames(scene) == 2


def test_no_more_is_read_than_is_needed(scene, monkeypatch):
    monkeypatch.setattr(shared_file_blame, "_LARGEST", 10)
    (whole, *_) = stream(scene)
    given: list[int] = []

    def pieces() -> Iterator[BlameRangeInfo]:
        for number in range(100):
            given.append(number)
            yield whole

    flight = blame_file_once(
        installation_of(scene), RepositoryRef(identifier="o/n"), pieces,
        path="x", sha="1" * 40, source=BlameSource.NATIVE,
    )  # fmt: skip
    assert next(flight) == whole
    assert given == [0]
    assert len(list(flight)) == 99


def installation_of(scene: Scene) -> Any:
    return installation_of_integration(caller_in(scene), scene.integration.pk)


def test_an_empty_file(rich, store):
    for _ in range(2):
        assert stream(rich, "empty.txt") == []
    assert blames(rich) == 1


def test_what_is_not_there_may_come(scene, store):
    for _ in range(2):
        with pytest.raises(NotFound):
            stream(scene, "no.py")
    assert blames(scene) == 2
    assert not SharedResult.objects.filter(value=None).exists()


def test_a_host_that_is_down_is_asked_again(scene, store):
    scene.emulator.faults.add(Fault(kind="status", status=500, match="graphql", times=1))
    with pytest.raises(HostUnavailable):
        stream(scene)
    assert rows(stream(scene)) == scene.git.blame()


def test_others_share_nothing(scene, store):
    stream(scene)
    assert rows(stream(beside(scene))) == scene.git.blame()
    scene.emulator.add_token("ghp_another", "robot")
    row = Integration.objects.get(pk=scene.integration.pk)
    row.metadata = {**row.metadata, "token": "ghp_another"}
    row.save()
    stream(scene)
    assert blames(scene) == 3


@pytest.mark.parametrize("broken", ["read", "claim", "write", "release"])
@pytest.mark.parametrize("path", [PATH, "no.py"])
def test_a_store_that_is_down_takes_no_answer_away(scene, monkeypatch, broken, path):
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("down")

    monkeypatch.setattr(TableStore, broken, fail)
    if path == PATH:
        assert rows(stream(scene)) == scene.git.blame()
    else:
        with pytest.raises(NotFound):
            stream(scene, path)
    assert blames(scene) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("values", [{}, FORGET], ids=["remembered", "told"])
def test_many_at_once_ask_once(scene: Scene, store: str, values: dict[str, float]) -> None:
    scene.emulator.faults.add(Fault(kind="latency", seconds=0.3, match="graphql"))
    with override_options(values):
        found = at_once(8, lambda _: rows(stream(scene)))
    assert found == [scene.git.blame()] * 8
    if not values:
        assert blames(scene) == 1
    assert blames(scene) < 8


@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_for_a_large_file_each(scene: Scene, store: str, monkeypatch) -> None:
    monkeypatch.setattr(shared_file_blame, "_LARGEST", 300)
    scene.emulator.faults.add(Fault(kind="latency", seconds=0.3, match="graphql"))
    found = at_once(4, lambda _: rows(stream(scene)))
    assert found == [scene.git.blame()] * 4


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_told_that_it_is_not_there(scene: Scene, store: str) -> None:
    scene.emulator.faults.add(Fault(kind="latency", seconds=0.3, match="graphql"))

    def one(_: int) -> type[Exception]:
        with pytest.raises(NotFound) as error:
            stream(scene, "no.py")
        return error.type

    assert at_once(8, one) == [NotFound] * 8
    assert blames(scene) < 8
