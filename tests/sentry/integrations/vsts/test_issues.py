"""Work items through the whole provider."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    HostUnavailable,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import IssueState, NewIssue, RepositoryRef

from .conftest import NAME, SHOP

PROJECT = "Online Shop"
_ASSIGNEE = json.dumps(
    {
        "message": "x",
        "customProperties": {"RuleValidationErrors": [{"fieldReferenceName": "System.AssignedTo"}]},
    }
).encode()


def new_issue(**changed: object) -> NewIssue:
    facts: dict[str, object] = {"repo": NAME, "title": "It breaks", "description": "Every time\n"}
    facts |= changed
    facts["repo"] = RepositoryRef(identifier=str(facts["repo"]))
    return NewIssue(**facts)  # type: ignore[arg-type]


@pytest.fixture
def other_project(emulator, shop):
    def host(project: str) -> str:
        name = f"{project}/app"
        emulator.add_repository(HostedRepository(full_name=name, path=str(shop.path)))
        return name

    return host


def test_an_issue_is_opened_and_found_again(installed, emulator):
    before = datetime.now(UTC)
    made = installed.create_issue(new_issue(marker="abc123", labels=("bug", "two words")))
    number = made.metadata["number"]
    assert made.key == f"{PROJECT}#{number}"
    assert (made.title, made.description, made.state) == (
        "It breaks", "Every time\n", IssueState.OPEN,
    )  # fmt: skip
    assert made.metadata == {
        "project": PROJECT, "number": number, "type": "Issue", "state": "To Do",
    }  # fmt: skip
    kept = emulator.issues(NAME)[-1]
    assert "sentry-request: abc123" in kept.body
    assert kept.labels == ("bug", "two words")
    assert installed.get_issue(made.key) == made
    assert installed.find_issue_by_marker(SHOP, "abc123", since=before) == made
    assert installed.find_issue_by_marker(SHOP, "abc", since=before) is None
    later = before + timedelta(hours=1)
    assert installed.find_issue_by_marker(SHOP, "abc123", since=later) is None
    assert made.web_url == installed.get_issue_url(made.key)
    assert made.web_url == f"{emulator.url}/acme/Online%20Shop/_workitems/edit/{number}"


@pytest.mark.parametrize(
    "text",
    ["", "plain", "<b>&amp;\n\n  indented\n\ttab", "a  b   c", "schön 😀\n", "sentry-request: x"],
)
def test_a_description_comes_back_as_it_was(installed, text):
    made = installed.create_issue(new_issue(description=text, marker="m-1"))
    assert made.description == text


@pytest.mark.parametrize("repo", [PROJECT, NAME, "online shop"])
def test_a_project_may_be_named_alone(installed, repo):
    assert installed.create_issue(new_issue(repo=repo)).key.startswith(f"{PROJECT}#")


@pytest.mark.parametrize(
    "process",
    [
        ("Online Shop", "Issue", "To Do", "Done", "To Do"),
        ("Agilists", "Issue", "Active", "Closed", "Active"),
        ("Scrummers", "Bug", "New", "Done", "New"),
    ],
)
def test_each_process_has_a_type_and_states_of_its_own(installed, other_project, process):
    project, kind, state, closed, reopened = process
    repo = NAME if project == PROJECT else other_project(project)
    made = installed.create_issue(new_issue(repo=repo))
    assert (made.metadata["type"], made.metadata["state"]) == (kind, state)
    assert made.description == "Every time\n"
    done = installed.set_issue_state(made.key, IssueState.CLOSED)
    assert (done.state, done.metadata["state"]) == (IssueState.CLOSED, closed)
    assert installed.set_issue_state(made.key, IssueState.CLOSED) == done
    again = installed.set_issue_state(made.key, IssueState.OPEN)
    assert (again.state, again.metadata["state"]) == (IssueState.OPEN, reopened)
    assert installed.get_issue(made.key) == again


def test_a_state_that_a_rule_forbids_is_passed_over(installed, emulator):
    made = installed.create_issue(new_issue())
    installed.set_issue_state(made.key, IssueState.CLOSED)
    emulator.faults.add(Fault(kind="status", status=400, method="PATCH", times=1))
    assert installed.set_issue_state(made.key, IssueState.OPEN).metadata["state"] == "Doing"
    emulator.faults.add(Fault(kind="status", status=400, method="PATCH"))
    with pytest.raises(HostRejected):
        installed.set_issue_state(made.key, IssueState.CLOSED)


def test_a_process_without_such_types_is_told(installed, emulator, other_project):
    repo = other_project("Planners")
    emulator.clear_requests()
    with pytest.raises(HostRejected, match="Issue, Bug, Task"):
        installed.create_issue(new_issue(repo=repo))
    assert len(emulator.requests) == 3
    with pytest.raises(NotFound) as caught:
        installed.create_issue(new_issue(repo="Nowhere"))
    assert caught.value.resource == "repository"


def test_a_marker_is_found_behind_other_issues(installed, emulator):
    before = datetime.now(UTC)
    wanted = installed.create_issue(new_issue(marker="first"))
    for number in range(205):
        installed.create_issue(new_issue(title=f"Another {number}"))
    emulator.clear_requests()
    assert (
        installed.find_issue_by_marker(RepositoryRef(identifier=PROJECT), "first", since=before)
        == wanted
    )
    ends = [each.path.rpartition("/")[2] for each in emulator.requests]
    assert ends == ["wiql", "workitemsbatch", "workitemsbatch", "states"][: len(ends)]


def test_an_issue_is_never_opened_twice(installed, emulator):
    emulator.faults.add(Fault(kind="drop", match="/workitems/", times=1))
    with pytest.raises(HostUnavailable):
        installed.create_issue(new_issue())
    assert len(emulator.requests) == 1
    emulator.faults.add(Fault(kind="drop", match="/comments", times=1))
    with pytest.raises(HostUnavailable):
        installed.create_issue_comment(f"{PROJECT}#1", "x")
    assert len(emulator.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _ASSIGNEE, InvalidArgument),
        (400, b'{"message":"The identity value for field \'Assigned To\' is unknown."}',
         InvalidArgument),
        (400, b'{"message":"x","customProperties":{"RuleValidationErrors":["odd",7]}}',
         HostRejected),
        (400, b'{"message":"x"}', HostRejected),
        (400, b"[]", HostUnavailable),
        (403, b"{}", HostForbidden),
    ],
)  # fmt: skip
def test_an_issue_that_is_refused(installed, emulator, status, body, kind):
    emulator.faults.add(
        Fault(kind="status", status=status, body=body, content_type="application/json")
    )
    with pytest.raises(kind) as caught:
        installed.create_issue(new_issue(assignee="nobody"))
    if kind is InvalidArgument:
        assert caught.value.field == "assignee"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 300}, "title"),
        ({"assignee": "nobody@example.com"}, "assignee"),
        ({"labels": ("a;b",)}, "labels"),
        ({"labels": ("a,b",)}, "labels"),
        ({"marker": "a b"}, "marker"),
        ({"marker": "-->"}, "marker"),
        ({"marker": "x\n"}, "marker"),
        ({"repo": "a/b/c"}, "repo"),
        ({"repo": ".."}, "repo"),
        ({"repo": "a#b"}, "repo"),
    ],
)
def test_the_field_that_is_wrong_is_named(installed, changed, field):
    with pytest.raises(InvalidArgument) as caught:
        installed.create_issue(new_issue(**changed))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "key",
    ["", "7", "Shop", "Shop#0", "Shop#x", "a/b#1", "..#1", "Shop#99999999999", "Shop#2147483648"],
)
def test_an_issue_key_that_can_be_none(installed, emulator, key):
    for ask in (installed.get_issue, installed.get_issue_url):
        with pytest.raises(InvalidArgument):
            ask(key)
    assert emulator.requests == []


def test_an_issue_that_is_not_there(installed):
    for key in (f"{PROJECT}#999999", "Nowhere#1"):
        for ask in (
            lambda: installed.get_issue(key),  # noqa: B023 -- called at once
            lambda: installed.assign_issue(key, ""),  # noqa: B023
            lambda: installed.set_issue_state(key, IssueState.OPEN),  # noqa: B023
            lambda: installed.create_issue_comment(key, "x"),  # noqa: B023
        ):
            with pytest.raises(NotFound) as caught:
                ask()
            assert caught.value.resource == "issue"


def test_an_issue_of_another_project_is_not_found(installed, other_project):
    made = installed.create_issue(new_issue())
    other_project("Agilists")
    with pytest.raises(NotFound):
        installed.get_issue(f"Agilists#{made.metadata['number']}")


def test_a_comment_is_made(installed, emulator):
    made = installed.create_issue(new_issue())
    comment = installed.create_issue_comment(made.key, "**Fixed**\n")
    assert comment.web_url == f"{made.web_url}#{comment.id}"
    issue = emulator.issues(NAME)[-1]
    kept = emulator.world.store.comments(issue.repository_id, issue.number)
    assert [each.body for each in kept] == ["**Fixed**\n"]
    assert "format=markdown" in emulator.requests[-1].query
    assert "api-version=7.1-preview.4" in emulator.requests[-1].query


def test_an_issue_is_assigned(installed):
    made = installed.create_issue(new_issue(assignee="alice@example.com"))
    assert made.assignees == ("alice@example.com",)
    assert installed.assign_issue(made.key, "").assignees == ()
    assert installed.assign_issue(made.key, "ALICE@example.com").assignees == ("alice@example.com",)
    with pytest.raises(InvalidArgument) as caught:
        installed.assign_issue(made.key, "nobody")
    assert caught.value.field == "assignee"


def test_issues_are_searched(installed):
    first = installed.create_issue(new_issue(title="The cart's total", description="zwölf"))
    second = installed.create_issue(new_issue(title="Another", description="the total"))

    def found(query: str) -> list[str]:
        return [issue.key for issue in installed.search_issues(SHOP, query)]

    assert set(found("total")) >= {first.key, second.key}
    assert found("cart's zwölf") == [first.key]
    assert found("nothing-like-it") == []
    assert found("') OR [System.Id] > '0") == []
    assert found("")[0] in {first.key, second.key}
    assert len(found("")) <= 50
    with pytest.raises(NotFound) as caught:
        installed.search_issues(RepositoryRef(identifier="Nowhere"), "x")
    assert caught.value.resource == "repository"
