"""The parsers: whatever arrives is a value or one error."""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from sentry.integrations.source_code_management.errors import HostUnavailable, InvalidArgument
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import ChangeKind, FileChange, IssueState
from sentry.integrations.vsts import html_text, parse, parse_hooks, parse_issues, parse_reads

SHA = "a" * 40
GUID = "278d5cd2-584d-4b63-824a-2ba458937249"
PROJECT: dict[str, Json] = {"id": GUID, "name": "P"}
REPOSITORY: dict[str, Json] = {
    "id": GUID.upper(),
    "name": "R",
    "project": PROJECT,
    "defaultBranch": "refs/heads/a/b",
    "webUrl": "https://dev.azure.com/acme/P/_git/R",
    "isDisabled": False,
}
PERSON: dict[str, Json] = {"name": "N", "email": "n@x", "date": "2024-01-02T03:04:05.1234567Z"}
COMMIT: dict[str, Json] = {
    "commitId": SHA,
    "comment": "c",
    "author": PERSON,
    "committer": PERSON,
    "remoteUrl": "u",
    "commentTruncated": True,
}
ITEM: dict[str, Json] = {"path": "/a", "gitObjectType": "blob", "objectId": SHA, "isSymLink": True}
FOLDER: dict[str, Json] = {"path": "/", "gitObjectType": "tree", "isFolder": True}
CHANGE: dict[str, Json] = {"item": ITEM, "changeType": "edit, rename", "sourceServerItem": "/b"}
PULL: dict[str, Json] = {
    "pullRequestId": 7,
    "status": "completed",
    "title": "t",
    "description": "d",
    "sourceRefName": "refs/heads/a",
    "targetRefName": "refs/heads/b",
    "createdBy": {"displayName": "D", "uniqueName": "d@x", "id": GUID},
    "creationDate": "2024-01-02T03:04:05Z",
    "closedDate": "2024-01-02T03:04:05Z",
    "lastMergeSourceCommit": {"commitId": SHA},
    "lastMergeCommit": {"commitId": SHA},
    "repository": REPOSITORY,
}
WORK_ITEM: dict[str, Json] = {
    "id": 7,
    "fields": {
        "System.TeamProject": "P",
        "System.WorkItemType": "Bug",
        "System.State": "New",
        "System.Title": "t",
        "System.AssignedTo": {"uniqueName": "d@x", "displayName": "D"},
        "System.CreatedDate": "2024-01-02T03:04:05.12Z",
        "Microsoft.VSTS.TCM.ReproSteps": "<p>a</p>",
    },
}
SUBSCRIPTION: dict[str, Json] = {
    "id": GUID,
    "eventType": "git.push",
    "publisherInputs": {"repository": GUID},
    "consumerInputs": {"url": "https://x"},
}
HIT: dict[str, Json] = {"line": 3, "codeSnippet": "x", "charOffset": 1, "length": 1}


def listed(*items: Json) -> dict[str, Json]:
    return {"count": len(items), "value": list(items)}


READERS: dict[str, tuple[Callable[[Json], object], Json]] = {
    "account": (
        parse.parse_account,
        {"instanceId": "i", "authenticatedUser": {"id": "u", "providerDisplayName": "n"}},
    ),
    "projects": (parse.parse_projects, listed(PROJECT)),
    "project id": (parse.parse_project_id, REPOSITORY),
    "repository": (parse.parse_repository, REPOSITORY),
    "repositories": (parse.parse_repositories, listed(REPOSITORY)),
    "commit": (parse.parse_commit, COMMIT),
    "commits": (parse.parse_commits, listed(COMMIT)),
    "blob": (parse.parse_blob_size, {"size": 7}),
    "item": (parse.parse_object_id, ITEM),
    "changes": (parse_reads.parse_changes, {"changes": [CHANGE]}),
    "diff": (
        parse_reads.parse_diff,
        {"changes": [CHANGE], "allChangesIncluded": True, "commonCommit": SHA, "aheadCount": 1},
    ),
    "tree": (lambda value: parse_reads.parse_tree(value, ""), listed(FOLDER, ITEM)),
    "branches": (
        parse_reads.parse_branches,
        listed({"name": "refs/heads/a", "objectId": SHA}, {"name": "refs/tags/b"}),
    ),
    "pull requests": (
        lambda value: parse_reads.parse_pull_requests(value, "p"),
        {"results": [{SHA: [PULL]}, {}]},
    ),
    "found": (
        parse_reads.parse_found,
        {
            "count": 1,
            "results": [
                {"path": "/a", "versions": [{"changeId": SHA}], "matches": {"content": [HIT]}}
            ],
        },
    ),
    "work item": (parse_issues.parse_work_item, WORK_ITEM),
    "work items": (parse_issues.parse_work_items, listed(WORK_ITEM, None)),
    "numbers": (parse_issues.parse_numbers, {"workItems": [{"id": 7}]}),
    "states": (parse_issues.parse_states, listed({"name": "New", "category": "Proposed"})),
    "comment": (parse_issues.parse_comment_id, {"id": 7}),
    "rejected": (
        parse_issues.parse_rejected_field,
        {
            "message": "m",
            "customProperties": {"RuleValidationErrors": [{"fieldReferenceName": "System.Tags"}]},
        },
    ),
    "subscription": (parse_hooks.parse_subscription, SUBSCRIPTION),
    "subscriptions": (parse_hooks.parse_subscriptions, listed(SUBSCRIPTION)),
}
ODD: tuple[Json, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    "",
    "x",
    "\0\ud800",
    [],
    [None],
    [[]],
    {},
    {"a": 1},
)


def variants(value: Json) -> Iterator[Json]:
    """The value with each of its parts replaced by something odd, or left out."""
    yield from ODD
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: each for name, each in value.items() if name != key}
            for odd in variants(inner):
                yield {**value, key: odd}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for odd in variants(inner):
                yield [*value[:index], odd, *value[index + 1 :]]


@pytest.mark.parametrize("name", READERS)
def test_every_reader_is_total(name):
    read, good = READERS[name]
    read(copy.deepcopy(good))
    tried = 0
    for value in variants(good):
        try:
            read(value)
        except HostUnavailable as error:
            assert "\0" not in error.message  # noqa: PT017 -- one of two outcomes
        tried += 1
    assert tried > len(ODD)


@pytest.mark.parametrize("value", [*ODD, {"typeKey": 7}, {"message": 7}])
def test_what_an_error_says_is_read_of_anything(value):
    assert parse.parse_type_key(value) == ""
    assert parse.parse_is_known_account(value) is False
    assert parse.parse_type_key({"typeKey": "K"}) == "K"
    told: Json = {"message": "TF400813: The user 'a' is not authorized to access this resource."}
    assert parse.parse_is_known_account(told)
    told = {"message": "TF400813: The user '' is not authorized to access this resource."}
    assert not parse.parse_is_known_account(told)


def test_a_repository_and_its_page():
    found = parse.parse_repository(REPOSITORY)
    assert (found.identifier, found.external_id, found.default_branch) == ("P/R", GUID, "a/b")
    older = {name: value for name, value in REPOSITORY.items() if name != "webUrl"}
    older["remoteUrl"] = "https://acme@dev.azure.com/acme/P/_git/R"
    assert parse.parse_repository(older).url == found.url
    assert parse.parse_repositories(listed({**REPOSITORY, "isDisabled": True})) == []


def test_times_have_seven_digits():
    assert parse.parse_commit(COMMIT).committed_at == datetime(
        2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("words", "kind", "previous"),
    [
        ("add", ChangeKind.ADDED, ""),
        ("Add", ChangeKind.ADDED, ""),
        ("undelete", ChangeKind.ADDED, ""),
        ("branch", ChangeKind.ADDED, ""),
        ("edit", ChangeKind.MODIFIED, ""),
        ("edit, encoding", ChangeKind.MODIFIED, ""),
        ("none", ChangeKind.MODIFIED, ""),
        ("delete", ChangeKind.REMOVED, ""),
        ("rename", ChangeKind.RENAMED, "b"),
        ("edit, rename", ChangeKind.RENAMED, "b"),
        ("targetRename,edit", ChangeKind.RENAMED, "b"),
        ("delete, sourceRename", None, ""),
    ],
)
def test_kinds_of_changes_are_flags(words, kind, previous):
    page = parse_reads.parse_changes({"changes": [{**CHANGE, "changeType": words}]})
    expected = [FileChange(path="a", kind=kind, previous_path=previous)] if kind else []
    assert (list(page.files), page.count) == (expected, 1)


def test_a_rename_from_nowhere_and_a_folder():
    change: dict[str, Json] = {"item": ITEM, "changeType": "rename"}
    page = parse_reads.parse_changes({"changes": [change, {**change, "item": FOLDER}]})
    assert page.files == (FileChange(path="a", kind=ChangeKind.ADDED),)
    other: dict[str, Json] = {**change, "originalPath": "/c"}
    (moved,) = parse_reads.parse_changes({"changes": [other]}).files
    assert (moved.kind, moved.previous_path) == (ChangeKind.RENAMED, "c")


def test_an_older_server_names_whom_a_work_item_belongs_to_in_a_text():
    fields = {**WORK_ITEM["fields"], "System.AssignedTo": "D <d@x>"}  # type: ignore[dict-item]
    assert parse_issues.parse_work_item({"id": 7, "fields": fields}).assignee == "D <d@x>"


@pytest.mark.parametrize(
    ("category", "state"),
    [
        ("Proposed", IssueState.OPEN),
        ("InProgress", IssueState.OPEN),
        ("Resolved", IssueState.OPEN),
        ("Completed", IssueState.CLOSED),
        ("Removed", IssueState.CLOSED),
        ("", IssueState.OPEN),
        ("New one", IssueState.OPEN),
    ],
)
def test_what_a_state_means(category, state):
    assert parse_issues.WorkItemState(name="x", category=category).meaning is state


@pytest.mark.parametrize(
    ("path", "is_good"),
    [
        ("a", True), ("a b/ä#?%2e", True), ("..a/.b", True), ("a\nb", True),
        ("", False), ("/a", False), ("a/", False), ("a//b", False), ("..", False),
        ("a/../b", False), ("a\0", False), ("a\\b", False), ("\ud800", False),
    ],
)  # fmt: skip
def test_paths(path, is_good):
    if is_good:
        assert parse.item_path(path) == f"/{path}"
    else:
        with pytest.raises(InvalidArgument):
            parse.item_path(path)


# --- text and HTML -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "a", "a\n", "\n\na", "a\n\n\n", "  a", "a  b", "<a>&amp;\"'", "ä😀", "a\tb", "\\"]
)
@pytest.mark.parametrize("marker", ["", "m-1_x"])
def test_text_survives_its_html(text, marker):
    html = html_text.to_html(text, marker=marker)
    shown, found = html_text.split_marker(html)
    assert (html_text.to_text(shown), found) == (text, marker)
    assert "<a>" not in html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<p>a<br/>b</p>\n<p>c</p>\n", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("a<script>x</script>b<style>y</style>", "ab"),
        ("</script>a", "a"),
        ("a &lt;b&gt; &#x1F600;", "a <b> 😀"),
        ("<b>a", "a"),
        ("a < b", "a < b"),
        ("<", "<"),
        ("<!-- c -->a", "a"),
    ],
)
def test_what_html_shows(html, text):
    assert html_text.to_text(html) == text


def test_a_marker_is_found_wherever_the_host_put_it():
    html = '<div>a</div>\n<p style="x"> sentry-request: m1 </p>\n<div>added later</div>'
    shown, marker = html_text.split_marker(html)
    assert marker == "m1"
    assert html_text.to_text(shown).split() == ["a", "added", "later"]
    assert html_text.split_marker("sentry-request: m1")[1] == ""
