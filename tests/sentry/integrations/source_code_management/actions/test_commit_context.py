"""Blame: every answer is held against git's own."""

import pytest

from sentry.integrations.source_code_management.actions.commit_context import (
    MAX_BATCH,
    LineQuestion,
    batch_get_commit_context,
    get_commit_context,
    stream_file_blame,
)
from sentry.integrations.source_code_management.actions.commits import get_commit
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import CommitContext
from sentry.models import Repository
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import FULL_NAME, PATH, Scene

from .conftest import asked, caller_in

pytestmark = pytest.mark.django_db


def line(scene: Scene, number: int = 1, path: str = PATH, sha: str = "", **fields) -> LineQuestion:
    values = {"repository_id": scene.repository.id, "commit_sha": sha or scene.git.head(), **fields}
    return LineQuestion(filepath=path, line_number=number, **values)


def blamed(context: object) -> tuple[str, str, str]:
    """What git's blame says of a line, as the platform tells it."""
    assert isinstance(context, CommitContext), context
    return context.blame.sha, context.blame.author.name, context.code


def test_every_line_of_every_revision(rich: Scene) -> None:
    for sha in rich.git.shas()[-3:]:
        expected = rich.git.blame(PATH, sha)
        questions = [line(rich, number, sha=sha) for number in range(1, len(expected) + 1)]
        for question, truth in zip(questions, expected, strict=True):
            context = get_commit_context(caller_in(rich), question)
            assert blamed(context) == truth
            assert (context.filename, context.line_number) == (PATH, question.line_number)
            assert (context.repository_id, context.commit_sha) == (rich.repository.id, sha)
        batch = batch_get_commit_context(caller_in(rich), questions)
        assert [blamed(context) for context in batch] == expected


def test_an_abbreviation_is_told_whole(scene: Scene) -> None:
    head = scene.git.head()
    context = get_commit_context(caller_in(scene), line(scene, sha=head[:8].upper()))
    assert context.commit_sha == head
    get_commit(caller_in(scene), repository_id=scene.repository.id, commit_sha=head)
    scene.emulator.clear_requests()
    with override_options({"scm.blame.cache-ttl": 0.0}):
        get_commit_context(caller_in(scene), line(scene, 2, sha=head[:8]))
    assert asked(scene.emulator) == ["POST /graphql"]


@pytest.mark.parametrize(
    ("number", "path", "sha", "resource"),
    [
        (4, PATH, "", "line"),
        (1, "nothing.py", "", "file"),
        (1, "src", "", "file"),
        (1, "empty.txt", "", "line"),
        (1, PATH, "f" * 40, "commit"),
        (1, PATH, "abcdef0", "commit"),
    ],
)
def test_what_is_not_there(rich: Scene, number: int, path: str, sha: str, resource: str) -> None:
    with pytest.raises(NotFound) as refusal:
        get_commit_context(caller_in(rich), line(rich, number, path, sha))
    assert refusal.value.resource == resource


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("line_number", {"number": 0}),
        ("line_number", {"number": -1}),
        ("line_number", {"number": 2**31}),
        ("filepath", {"path": "a/../b"}),
        ("filepath", {"path": ""}),
        ("filepath", {"path": "x" * 100_000}),
        ("commit_sha", {"sha": "main"}),
        ("repository_id", {"repository_id": 0}),
    ],
)
def test_what_can_never_work(scene: Scene, field: str, fields) -> None:
    question = line(scene, **fields)
    with pytest.raises(InvalidArgument) as refusal:
        get_commit_context(caller_in(scene), question)
    assert refusal.value.field == field
    good, (bad,) = line(scene), batch_get_commit_context(caller_in(scene), [question])
    assert isinstance(bad, InvalidArgument)
    first, second = batch_get_commit_context(caller_in(scene), [question, good])
    assert isinstance(first, InvalidArgument)
    assert blamed(second) == scene.git.blame()[0]


def test_each_answer_stands_at_its_place(rich: Scene) -> None:
    truth = rich.git.blame()
    elsewhere = Factories.create_repo(organization_id=Factories.create_organization().id)
    loose = Factories.create_repo(rich.project, provider="github")
    questions = [
        line(rich, 3),
        line(rich, 99),
        line(rich, 1),
        line(rich, repository_id=elsewhere.id),
        line(rich, 1, "README.md"),
        line(rich, 1, "nothing.py"),
        line(rich, repository_id=loose.id),
        line(rich, 3),
        line(rich, 1, sha="abcdef0"),
        line(rich, 2, sha=rich.git.head()[:9]),
    ]
    answers = batch_get_commit_context(caller_in(rich), questions)
    right = {0: truth[2], 2: truth[0], 4: rich.git.blame("README.md")[0], 7: truth[2], 9: truth[1]}
    assert {place: blamed(answers[place]) for place in right} == right
    wrong = {place: type(answers[place]) for place in range(10) if place not in right}
    assert wrong == {1: NotFound, 3: NotFound, 5: NotFound, 6: IntegrationDisabled, 8: NotFound}


def test_one_question_to_the_host_for_ten_files(rich: Scene) -> None:
    paths = [PATH, "README.md", *(f"many/{number}.py" for number in range(8))]
    questions = [line(rich, 1, path) for path in [*paths, *paths]]
    answers = batch_get_commit_context(caller_in(rich), questions)
    assert asked(rich.emulator) == ["POST /graphql"]
    assert [blamed(answer) for answer in answers] == 2 * [rich.git.blame(p)[0] for p in paths]


def test_a_host_is_asked_once_for_each_repository(
    rich: Scene, django_assert_max_num_queries
) -> None:
    second = Factories.create_repo(
        rich.project,
        name="another name",
        external_id="",
        integration_id=rich.integration.pk,
        config={"identifier": FULL_NAME},
    )
    questions = [line(rich), line(rich, 2, repository_id=second.id), line(rich, 3)]
    alone = {"scm.blame.cache-ttl": 0.0, "scm.single-flight.lease": 0.0}
    looks = 1  # for pauses that other processes were told of
    with override_options(alone), django_assert_max_num_queries(3 + looks):
        answers = batch_get_commit_context(caller_in(rich), questions)
    assert [blamed(answer) for answer in answers] == rich.git.blame()
    assert [a.repository_id for a in answers if isinstance(a, CommitContext)] == [
        rich.repository.id, second.id, rich.repository.id,
    ]  # fmt: skip
    assert asked(rich.emulator) == ["POST /graphql"] * 2


@pytest.mark.parametrize("count", [0, MAX_BATCH + 1])
def test_how_many_questions(scene: Scene, count: int) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        batch_get_commit_context(caller_in(scene), [line(scene)] * count)
    assert refusal.value.field == "requests"


def test_as_many_as_are_allowed(scene: Scene) -> None:
    answers = batch_get_commit_context(caller_in(scene), [line(scene)] * MAX_BATCH)
    assert [blamed(answer) for answer in answers] == [scene.git.blame()[0]] * MAX_BATCH


# --- a whole file -------------------------------------------------------------------------------


def ranges(scene: Scene, path: str = PATH, sha: str = "") -> list[tuple[str, str, str]]:
    found = list(
        stream_file_blame(
            caller_in(scene),
            repository_id=scene.repository.id,
            commit_sha=sha or scene.git.head(),
            filepath=path,
        )
    )
    starts = [item.start for item in found]
    assert starts == [1, *(item.end + 1 for item in found[:-1])][: len(found)]
    assert all(len(item.lines) == item.end - item.start + 1 for item in found)
    return [
        (item.commit.sha, item.commit.author.name, text) for item in found for text in item.lines
    ]


@pytest.mark.parametrize("path", [PATH, "README.md", "many/7.py"])
def test_the_blame_of_a_file(rich: Scene, path: str) -> None:
    assert ranges(rich, path) == rich.git.blame(path)
    assert ranges(rich, f"/{path}", rich.git.head()[:10]) == rich.git.blame(path)


def test_the_blame_of_an_empty_file(rich: Scene) -> None:
    assert ranges(rich, "empty.txt") == []


def test_the_blame_of_what_is_not_there(rich: Scene) -> None:
    for path, sha in (("nothing.py", ""), (PATH, "f" * 40), (PATH, "abcdef0")):
        with pytest.raises(NotFound):
            ranges(rich, path, sha)
    with pytest.raises(InvalidArgument):
        ranges(rich, "..")
    Repository.objects.filter(pk=rich.repository.pk).delete()
    with pytest.raises(NotFound, match="repository"):
        ranges(rich)
