"""The blame query's answers that a real GitHub gives on its bad days."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import parse as parse_query

from sentry.integrations.github.blame import blame_in_batches
from sentry.integrations.github.parse_blame import (
    BlamedFile,
    BlameTarget,
    TooHeavy,
    blame_query,
    blame_variables,
    parse_blame,
)
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    NotFound,
)

FACTS = {
    "oid": "a" * 40,
    "message": "Fix",
    "committedDate": "2024-01-01T00:00:00Z",
    "url": "https://h/a",
    "author": {"name": "Ann", "email": "a@example.com", "user": {"login": "ann"}},
}


def commit(*ranges: tuple[int, int], **changed: object) -> dict[str, object]:
    listed = [
        {"startingLine": start, "endingLine": end, "commit": {**FACTS, **changed}}
        for start, end in ranges
    ]
    return {"__typename": "Commit", "blame": {"ranges": listed}}


def blob(text: str | None = "a\nb\n", *, cut: bool = False, binary: bool | None = False):
    return {"__typename": "Blob", "text": text, "isTruncated": cut, "isBinary": binary}


def answer(errors: object = None, **aliases: object) -> dict[str, Any]:
    whole: dict[str, Any] = {"data": {"repository": aliases}}
    return whole if errors is None else {**whole, "errors": errors}


def error(kind: str | None = None, message: str = "", path: list[object] | None = None):
    found: dict[str, object] = {"message": message}
    if kind:
        found["type"] = kind
    if path:
        found["path"] = path
    return found


def test_a_file_has_its_ranges_in_order_and_its_text():
    (found,) = parse_blame(answer(c0=commit((2, 3), (1, 1)), t0=blob()), 1)
    assert isinstance(found, BlamedFile)
    assert [(item.start, item.end) for item in found.ranges] == [(1, 1), (2, 3)]
    assert found.text == "a\nb\n"
    assert found.ranges[0].commit is found.ranges[1].commit
    assert found.ranges[0].commit.author.external_id == "github:ann"
    hit = found.range_of(3)
    assert hit is not None
    assert hit.start == 2
    assert found.range_of(4) is None


def test_an_answer_about_another_repository_is_none():
    told = answer(databaseId=8, c0=commit((1, 1)), t0=blob(), c1=None, t1=None)
    results = parse_blame(told, 2, repository_id="7")
    assert [(type(each), getattr(each, "resource", "")) for each in results] == [
        (NotFound, "repository")
    ] * 2
    assert isinstance(parse_blame(told, 2, repository_id="8")[0], BlamedFile)
    (untold,) = parse_blame(answer(c0=commit((1, 1)), t0=blob()), 1, repository_id="8")
    assert isinstance(untold, NotFound)


@pytest.mark.parametrize(
    ("listed", "there"),
    [({"__typename": "Blob"}, True), ({"__typename": "Tree"}, False), (None, False)],
)
def test_revisions_to_ignore_are_told_of(listed, there):
    (found,) = parse_blame(answer(c0=commit((1, 1)), t0=blob(), i0=listed), 1)
    assert isinstance(found, BlamedFile)
    assert found.has_ignore_revs is there


def test_a_cut_text_and_a_binary_one_are_told():
    first, second = parse_blame(
        answer(
            c0=commit(),
            t0=blob(cut=True),
            c1=commit((1, 1), author=None),
            t1=blob(None, binary=None),
        ),
        2,
    )
    assert isinstance(first, BlamedFile)
    assert isinstance(second, BlamedFile)
    assert (first.text, second.text, second.is_binary) == (None, None, False)
    assert second.ranges[0].commit.author.name == ""


@pytest.mark.parametrize(
    ("value", "kind", "resource"),
    [
        (answer(c0=None, t0=None), NotFound, "commit"),
        (answer(c0={"__typename": "Tag"}, t0=None), NotFound, "commit"),
        (answer(c0=commit(), t0=None), NotFound, "file"),
        (answer(c0=commit(), t0={"__typename": "Tree"}), NotFound, "file"),
        ({"data": {"repository": None}}, NotFound, "repository"),
        (
            {"data": {"repository": None}, "errors": [error("NOT_FOUND", path=["repository"])]},
            NotFound,
            "repository",
        ),
        (
            answer([error("NOT_FOUND", path=["repository", "c0", "blame"])], c0=None, t0=blob()),
            NotFound,
            "file",
        ),
        (
            answer([error("NOT_FOUND", path=["repository", "c0"])], c0=None, t0=blob()),
            NotFound,
            "commit",
        ),
        (
            answer([error("FORBIDDEN", path=["repository", "t0"])], c0=None, t0=None),
            HostForbidden,
            "",
        ),
        ({"data": None, "errors": [error("INSUFFICIENT_SCOPES")]}, HostForbidden, ""),
        ({"errors": [error("SOMETHING", "new")]}, HostUnavailable, ""),
        (answer([error("RESOURCE_LIMITS_EXCEEDED")], c0=None, t0=None), TooHeavy, ""),
        (answer([error("RESOURCE_LIMITS_EXCEEDED")], c0=commit(), t0=None), TooHeavy, ""),
        (answer([error("RESOURCE_LIMITS_EXCEEDED", path=["repository"])], c0=None), TooHeavy, ""),
        (
            {"errors": [error(None, "Something went wrong while executing your query.")]},
            TooHeavy,
            "",
        ),
        ({"data": None, "errors": [error(None, "timedout")]}, TooHeavy, ""),
        (
            {"errors": [error(None, "We couldn't respond to your request in time.")]},
            TooHeavy,
            "",
        ),
    ],
)
def test_every_failure_has_its_meaning(value, kind, resource):
    (found,) = parse_blame(value, 1)
    assert isinstance(found, kind)
    if resource:
        assert found.resource == resource


def test_partial_data_is_kept():
    problem = error("RESOURCE_LIMITS_EXCEEDED", path=["repository", "c1", "blame"])
    first, second = parse_blame(
        answer([problem], c0=commit((1, 1)), t0=blob(), c1=None, t1=blob()), 2
    )
    assert isinstance(first, BlamedFile)
    assert isinstance(second, TooHeavy)
    general = error("RESOURCE_LIMITS_EXCEEDED")
    first, second = parse_blame(
        answer([general], c0=commit((1, 1)), t0=blob(), c1=None, t1=None), 2
    )
    assert isinstance(first, BlamedFile)
    assert isinstance(second, TooHeavy)


@pytest.mark.parametrize("kind", ["RATE_LIMITED", "RATE_LIMIT"])
def test_the_limit_concerns_the_whole_query(kind):
    with pytest.raises(HostRateLimited):
        parse_blame({"errors": [error(kind)]}, 1)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"data": None},
        {"data": {}},
        {"data": []},
        {"errors": {}},
        {"errors": ["x"]},
        answer(c0=commit((0, 1)), t0=blob()),
        answer(c0=commit((3, 2)), t0=blob()),
        answer(c0={"__typename": "Commit"}, t0=blob()),
        answer(c0={}, t0=blob()),
        answer(c0=commit((1, 1), committedDate="yesterday"), t0=blob()),
    ],
)
def test_an_unexpected_shape_is_unavailable(value):
    with pytest.raises(HostUnavailable):
        parse_blame(value, 1)


def test_every_value_is_a_variable():
    hostile = '") { x }'
    targets = [BlameTarget(ref=hostile, path=f"{hostile}{n}") for n in range(10)]
    query = blame_query(10)
    assert hostile not in query
    (definition,) = parse_query(query).to_dict()["definitions"]
    declared = {item["variable"]["name"]["value"] for item in definition["variable_definitions"]}
    assert declared == set(blame_variables("o", "n", targets))


# --- batches ---------------------------------------------------------------------------------


class Host:
    """Blames files; gives up on a query of more than ``most`` files or with a file in ``heavy``."""

    def __init__(self, *, most: int = 10, heavy: frozenset[str] = frozenset()):
        self.most, self.heavy = most, heavy
        self.sizes: list[int] = []

    def __call__(self, targets):
        self.sizes.append(len(targets))
        if len(targets) > self.most or {target.path for target in targets} & self.heavy:
            return [TooHeavy()] * len(targets)
        return [BlamedFile(ranges=(), text=target.path, is_binary=False) for target in targets]


def targets(count: int) -> list[BlameTarget]:
    return [BlameTarget(ref="a", path=str(number)) for number in range(count)]


def texts(results: Sequence[object]) -> list[object]:
    return [item.text if isinstance(item, BlamedFile) else type(item).__name__ for item in results]


@pytest.mark.parametrize(("most", "count"), [(10, 25), (4, 10), (1, 7), (3, 11)])
def test_batches_shrink_until_the_host_can(most, count):
    host = Host(most=most)
    results = blame_in_batches(targets(count), host)
    assert texts(results) == [str(number) for number in range(count)]
    assert max(host.sizes) <= 10


def test_one_file_that_is_too_much_fails_alone():
    host = Host(heavy=frozenset({"3"}))
    results = blame_in_batches(targets(10), host)
    assert texts(results) == ["0", "1", "2", "HostGaveUp", *map(str, range(4, 10))]
    assert len(host.sizes) <= 9


def test_only_what_was_too_heavy_is_asked_again():
    asked: list[list[str]] = []

    def host(batch):
        asked.append([target.path for target in batch])
        return [
            TooHeavy() if len(batch) > 1 and target.path == "1" else NotFound("file")
            for target in batch
        ]

    blame_in_batches(targets(4), host)
    assert asked == [["0", "1", "2", "3"], ["1"]]


@pytest.mark.parametrize("failure", [DeadlineExceeded(), HostRateLimited(9), HostUnavailable("x")])
def test_what_was_answered_before_a_failure_is_kept(failure):
    calls = []

    def host(batch):
        calls.append(batch)
        if len(calls) > 1:
            raise failure
        return [NotFound("file")] * len(batch)

    results = blame_in_batches(targets(15), host)
    assert [type(item) for item in results] == [NotFound] * 10 + [type(failure)] * 5
    assert len(calls) == 2
