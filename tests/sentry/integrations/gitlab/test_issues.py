"""Issues through the whole provider."""

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


def new_issue(**changed: object) -> NewIssue:
    facts: dict[str, object] = {
        "repo": SHOP,
        "title": "It breaks",
        "description": "Every time\n",
    }
    return NewIssue(**{**facts, **changed})  # type: ignore[arg-type]


def test_an_issue_is_opened_and_found_again(installed, emulator):
    before = datetime.now(UTC)
    made = installed.create_issue(
        new_issue(marker="abc123", labels=("bug", "a, b"), assignee="ALICE")
    )
    assert made.key == f"{NAME}#1"
    assert (made.title, made.description) == ("It breaks", "Every time\n")
    assert made.metadata == {"repo": NAME, "number": "1", "state": "opened"}
    assert (made.state, made.assignees) == (IssueState.OPEN, ("alice",))
    (kept,) = emulator.issues(NAME)
    assert "<!-- sentry-request: abc123 -->" in kept.body
    assert kept.labels == ("bug", "a, b")
    assert installed.get_issue(made.key) == made
    assert installed.find_issue_by_marker(SHOP, "abc123", since=before) == made
    assert installed.find_issue_by_marker(SHOP, "abc", since=before) is None
    later = before + timedelta(hours=1)
    assert installed.find_issue_by_marker(SHOP, "abc123", since=later) is None
    assert installed.get_issue_url(made.key) == f"{emulator.url}/{NAME}/-/issues/1"
    assert made.web_url == installed.get_issue_url(made.key)


def test_a_marker_is_found_behind_other_issues(installed, emulator):
    before = datetime.now(UTC)
    wanted = installed.create_issue(new_issue(marker="first"))
    for number in range(101):
        installed.create_issue(new_issue(title=f"Another {number}"))
    emulator.clear_requests()
    assert installed.find_issue_by_marker(SHOP, "first", since=before) == wanted
    assert len(emulator.requests) == 2


def test_issues_are_searched_newest_first(installed):
    for title in ("Red door", "Blue door", "Blue car"):
        installed.create_issue(new_issue(title=title, description="door is odd"))
    found = installed.search_issues(SHOP, "DOOR blue")
    assert [issue.title for issue in found] == ["Blue car", "Blue door"]
    newest = installed.search_issues(SHOP, " ")
    assert [issue.title for issue in newest] == ["Blue car", "Blue door", "Red door"]
    with pytest.raises(NotFound):
        installed.search_issues(RepositoryRef(identifier="acme/gone"), "x")


def test_an_issue_is_commented_on(installed, emulator):
    key = installed.create_issue(new_issue()).key
    made = installed.create_issue_comment(key, "Seen *again*")
    number = emulator.world.repositories.by_name(NAME).id
    (kept,) = emulator.world.store.comments(number, 1)
    assert (kept.body, made.id) == ("Seen *again*", str(kept.id))
    assert made.web_url == f"{emulator.url}/{NAME}/-/issues/1#note_{kept.id}"
    with pytest.raises(NotFound) as caught:
        installed.create_issue_comment(f"{NAME}#99", "x")
    assert caught.value.resource == "issue"


def test_an_issue_has_one_assignee_or_none(installed):
    key = installed.create_issue(new_issue(assignee="alice")).key
    assert installed.assign_issue(key, "Robot").assignees == ("robot",)
    assert installed.assign_issue(key, "").assignees == ()
    assert installed.get_issue(key).assignees == ()


def test_an_account_that_the_host_does_not_know(installed, emulator):
    key = installed.create_issue(new_issue()).key
    emulator.clear_requests()
    for ask in (
        lambda: installed.assign_issue(key, "nobody"),
        lambda: installed.create_issue(new_issue(assignee="nobody")),
    ):
        with pytest.raises(InvalidArgument) as caught:
            ask()
        assert caught.value.field == "assignee"
    assert {request.path for request in emulator.requests} == {"/api/v4/users"}


def test_an_account_that_the_host_leaves_out(installed, emulator):
    key = installed.create_issue(new_issue()).key
    body = b'[{"id": 5, "username": "alice"}]'
    emulator.faults.add(
        Fault(kind="status", status=200, body=body, content_type="application/json", match="/users")
    )
    with pytest.raises(InvalidArgument) as caught:
        installed.assign_issue(key, "alice")
    assert caught.value.field == "assignee"


def test_an_issue_is_closed_and_reopened(installed):
    key = installed.create_issue(new_issue()).key
    for state in (IssueState.CLOSED, IssueState.CLOSED, IssueState.OPEN, IssueState.OPEN):
        assert installed.set_issue_state(key, state).state is state
        assert installed.get_issue(key).state is state
    with pytest.raises(NotFound):
        installed.set_issue_state(f"{NAME}#9", IssueState.CLOSED)


def test_what_is_written_is_sent_once(installed, emulator):
    key = installed.create_issue(new_issue()).key
    emulator.faults.add(Fault(kind="drop", match="/issues"))
    for write in (
        lambda: installed.create_issue(new_issue()),
        lambda: installed.create_issue_comment(key, "x"),
    ):
        emulator.clear_requests()
        with pytest.raises(HostUnavailable):
            write()
        assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"message":{"title":["is too long"]}}', InvalidArgument),
        (422, b'{"message":{"title":["is too long"]}}', InvalidArgument),
        (400, b'{"error":"title is missing, labels is invalid"}', InvalidArgument),
        (400, b'{"message":{"base":["no"]}}', HostRejected),
        (400, b'{"message":"400 Bad Request"}', HostRejected),
        (400, b"{}", HostRejected),
        (400, b"[]", HostUnavailable),
        (404, b"{}", NotFound),
        (403, b"{}", HostForbidden),
    ],
)
def test_an_issue_that_is_refused(installed, emulator, status, body, kind):
    emulator.faults.add(
        Fault(kind="status", status=status, body=body, content_type="application/json")
    )
    with pytest.raises(kind) as caught:
        installed.create_issue(new_issue())
    if kind is InvalidArgument:
        assert caught.value.field == "title"


def test_the_hosts_own_check_names_the_field(installed):
    for title in ("", "x" * 256):
        with pytest.raises(InvalidArgument) as caught:
            installed.create_issue(new_issue(title=title))
        assert caught.value.field == "title"


def test_a_project_without_issues(installed, emulator, shop):
    emulator.add_repository(
        HostedRepository(full_name="acme/off", path=str(shop.path), has_issues=False)
    )
    with pytest.raises(HostForbidden):
        installed.create_issue(new_issue(repo=RepositoryRef(identifier="acme/off")))


@pytest.mark.parametrize("marker", ["a b", "-->", "x\n", "ä"])
def test_a_marker_that_could_show_is_refused(installed, emulator, marker):
    with pytest.raises(InvalidArgument):
        installed.create_issue(new_issue(marker=marker))
    assert emulator.requests == []


@pytest.mark.parametrize(
    "key", ["", "7", NAME, f"{NAME}#0", f"{NAME}#x", "a#1", "a/..#1", "a/b#1#2"]
)
def test_an_issue_key_that_can_be_none(installed, emulator, key):
    for ask in (installed.get_issue, installed.get_issue_url):
        with pytest.raises(InvalidArgument):
            ask(key)
    assert emulator.requests == []


def test_an_issue_that_is_not_there(installed):
    with pytest.raises(NotFound) as caught:
        installed.get_issue(f"{NAME}#999")
    assert caught.value.resource == "issue"
