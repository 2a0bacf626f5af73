"""The parser takes any JSON: it answers a value, or HostUnavailable."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sentry.integrations.bitbucket_server import parse, parse_blame
from sentry.integrations.bitbucket_server.endpoints import server_endpoints
from sentry.integrations.bitbucket_server.webhooks.parse import parse_delivery
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.types import PullRequestState

ENDPOINTS = server_endpoints(base_url="https://bitbucket.example.com", web_url=None)
USER = {"name": "ann", "displayName": "Ann A.", "slug": "ann", "emailAddress": "ann@x"}
REPOSITORY: Any = {
    "id": 7,
    "slug": "shop",
    "project": {"key": "ACME"},
    "defaultBranch": "main",
    "links": {"self": [{"href": "https://bitbucket.example.com/projects/ACME/repos/shop/browse"}]},
}
COMMIT: dict[str, Any] = {
    "id": "a" * 40,
    "author": {"name": "Bob", "emailAddress": "bob@x"},
    "authorTimestamp": 1000,
    "committerTimestamp": 1_700_000_000_500,
    "message": "M",
}
PULL: dict[str, Any] = {
    "id": 3,
    "title": "T",
    "description": "D",
    "state": "MERGED",
    "createdDate": 1_700_000_000_000,
    "updatedDate": 1_700_000_001_000,
    "closedDate": 1_700_000_001_000,
    "fromRef": {"id": "refs/heads/f", "displayId": "f", "latestCommit": "b" * 40},
    "toRef": {"id": "refs/heads/main", "repository": REPOSITORY},
    "author": {"user": USER},
    "properties": {"mergeCommit": {"id": "c" * 40}},
    "links": {"self": [{"href": "https://bitbucket.example.com/pr/3"}]},
}
SPAN: dict[str, Any] = {"commitHash": "a" * 40, "lineNumber": 1, "spannedLines": 2}
LINES: dict[str, Any] = {
    "lines": [{"text": "one"}, {"text": "two\r"}],
    "blame": [SPAN],
    "start": 0,
    "isLastPage": True,
}
ALONE: dict[str, Any] = {"values": [SPAN], "start": 0, "size": 2, "isLastPage": True}
PAGE: dict[str, Any] = {"values": [1], "isLastPage": False, "nextPageStart": 25}
PUSH: dict[str, Any] = {
    "repository": REPOSITORY,
    "changes": [
        {
            "ref": {"id": "refs/heads/f/x", "displayId": "f/x", "type": "BRANCH"},
            "fromHash": "0" * 40,
            "toHash": "a" * 40,
            "type": "ADD",
        }
    ],
}
READERS: dict[str, tuple[Any, Any]] = {
    "page": (parse.parse_page, PAGE),
    "repository": (lambda value: parse.parse_repository(value, ENDPOINTS), REPOSITORY),
    "default_branch": (parse.parse_default_branch, {"displayId": "main"}),
    "branches": (parse.parse_branches, [{"displayId": "main", "latestCommit": "a" * 40}]),
    "commit": (lambda value: parse.parse_commit(value, "p"), COMMIT),
    "commits": (lambda value: parse.parse_commits(value, "p"), [COMMIT]),
    "changes": (
        parse.parse_changes,
        [{"type": "MOVE", "path": {"components": ["a", "b"]}, "srcPath": {"components": ["c"]}}],
    ),
    "paths": (parse.parse_paths, ["a/b"]),
    "size": (parse.parse_size, {"size": 3}),
    "pull_requests": (lambda value: parse.parse_pull_requests(value, "p"), [PULL]),
    "hook": (parse.parse_hook, {"id": 1, "url": "https://x"}),
    "hooks": (parse.parse_hooks, [{"id": 1, "url": "https://x"}]),
    "errors": (parse.parse_errors, {"errors": [{"message": "M", "exceptionName": "a.b.C"}]}),
    "blame": (parse_blame.parse_blame, LINES),
    "blame alone": (parse_blame.parse_blame_alone, ALONE),
    "push": (lambda value: parse_delivery("repo:refs_changed", value), PUSH),
    "rename": (
        lambda value: parse_delivery("repo:modified", value),
        {"new": REPOSITORY, "date": 1},
    ),
    "pull request": (lambda value: parse_delivery("pr:merged", value), {"pullRequest": PULL}),
}
OTHERS: list[Any] = [
    None, True, -1, 0, 1.5, 10**400, "", "x", "\ud800\0", [], [None], {}, {"a": 1}, [[[]]],
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, the whole first."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def with_other(value: Any, at: tuple[Any, ...], other: Any, *, drop: bool = False) -> Any:
    if not at:
        return other
    changed = copy.deepcopy(value)
    target = changed
    for key in at[:-1]:
        target = target[key]
    if drop:
        del target[at[-1]]
    else:
        target[at[-1]] = other
    return changed


def outcome(read: Any, value: Any) -> Any:
    """The value that is read, or the refusal; any other error is the test's."""
    try:
        return read(value)
    except HostUnavailable as error:
        return error


@pytest.mark.parametrize("name", READERS)
def test_any_value_at_any_place_is_read_or_refused(name):
    read, good = READERS[name]
    assert not isinstance(outcome(read, good), HostUnavailable)
    refusals = []
    for at in places(good):
        found = [outcome(read, with_other(good, at, other)) for other in OTHERS]
        if at:
            found.append(outcome(read, with_other(good, at, None, drop=True)))
        refusals += [each for each in found if isinstance(each, HostUnavailable)]
    assert refusals
    assert {error.message.rpartition(" has an ")[2] for error in refusals} == {"unexpected shape"}


def test_times_come_in_both_forms():
    (as_number,) = parse.parse_pull_requests([PULL], "p")
    texts = {"createdDate": "2023-11-14T22:13:20+0000", "closedDate": "2023-11-14T22:13:21+0000"}
    (as_text,) = parse.parse_pull_requests([PULL | texts], "p")
    assert as_number == as_text
    assert as_number.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert parse.parse_commit(COMMIT, "p").committed_at.microsecond == 500_000
    older = {key: value for key, value in COMMIT.items() if key != "committerTimestamp"}
    assert parse.parse_commit(older, "p").committed_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_whose_commit_it_is():
    commit = parse.parse_commit(COMMIT | {"author": USER}, "https://w/r")
    assert (commit.author.name, commit.author.email) == ("Ann A.", "ann@x")
    assert commit.author.external_id == "bitbucket_server:ann"
    assert commit.web_url == f"https://w/r/commits/{'a' * 40}"
    assert parse.parse_commit(COMMIT, "").author.external_id == ""


def test_a_state_that_nobody_knows_is_refused():
    with pytest.raises(HostUnavailable):
        parse.parse_pull_requests([PULL | {"state": "PENDING"}], "p")
    declined = parse.parse_pull_requests([PULL | {"state": "DECLINED"}], "p")[0]
    assert (declined.state, declined.merged_at) == (PullRequestState.CLOSED, None)


def test_a_page_that_is_the_last_has_no_next():
    assert parse.parse_page(PAGE).next_start == 25
    assert parse.parse_page(PAGE | {"isLastPage": True}).next_start is None
    capped = parse.parse_page(PAGE | {"nextPageStart": None})
    assert (capped.next_start, capped.is_last) == (None, False)


def test_what_is_no_file():
    assert parse_blame.parse_blame({"children": {}}) is None
    assert parse_blame.parse_blame({"type": "SUBMODULE"}) is None
    assert isinstance(parse_blame.parse_blame({"binary": True}), parse_blame.BinaryFile)


def test_spans_are_cut_to_their_page():
    spans = [
        {"commitHash": "b" * 40, "lineNumber": 12, "spannedLines": 50},
        {"commitId": "a" * 40, "lineNumber": 5, "spannedLines": 7},
    ]
    page = parse_blame.parse_blame(LINES | {"blame": spans, "start": 10})
    assert isinstance(page, parse_blame.BlamePage)
    assert (page.first, page.end, page.texts) == (11, 12, ("one", "two"))
    assert [(span.start, span.end, span.sha[0]) for span in page.spans] == [
        (11, 11, "a"),
        (12, 12, "b"),
    ]


@pytest.mark.parametrize("spans", [[], [SPAN | {"spannedLines": 1}], [SPAN, SPAN]])
def test_a_blame_with_gaps_or_overlaps_is_refused(spans):
    with pytest.raises(HostUnavailable):
        parse_blame.parse_blame(LINES | {"blame": spans})


def test_a_size_that_no_page_has_takes_no_memory():
    with pytest.raises(HostUnavailable):
        parse_blame.parse_blame_alone(ALONE | {"size": 10**12})


def test_html_and_half_an_answer_are_no_json():
    for body, kind in (
        (b"<html>", "text/html"),
        (json.dumps(COMMIT).encode()[:-9], "application/json"),
        (b"", "application/json"),
    ):
        answer = HostResponse(status=200, headers={"content-type": kind}, body=body)
        with pytest.raises(HostUnavailable):
            answer.json()
