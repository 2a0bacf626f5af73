"""External issues: opened once on the host, kept, and tied to groups."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from forge_emulator import HostedRepository
from forge_emulator.faults import Fault, FaultKind
from forge_emulator.store import Issue
from sentry.integrations.source_code_management.actions.external_issues import (
    create_external_issue,
    link_external_issue,
)
from sentry.integrations.source_code_management.effects import Mutation, mutation
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationDisabled,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.types import ExternalIssue
from sentry.models import ExternalIssue as ExternalIssueRow
from sentry.models import GroupLink, Repository
from sentry.models.grouplink import LinkedType, Relationship
from sentry.models.integrations.integration import ObjectStatus
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import FULL_NAME, WEB_URL, Scene

from .conftest import asked, caller_in
from .test_code_mappings import member_in
from .test_commits import in_threads

pytestmark = pytest.mark.django_db
MARKER = "0123456789abcdef0123456789abcdef"


class CrashError(Exception):
    """What stands for the end of the process."""


def create(scene: Scene, metadata: dict[str, str] | None = None, **fields) -> ExternalIssue:
    values = {
        "integration_id": scene.integration.pk,
        "title": "It broke",
        "metadata": {"repo": FULL_NAME, **(metadata or {})},
        **fields,
    }
    return create_external_issue(caller_in(scene), **values)


def on_host(scene: Scene) -> list[Issue]:
    return scene.emulator.issues(FULL_NAME)


@contextmanager
def keyed(save: Callable[[object], None], *, is_retry: bool = False) -> Iterator[None]:
    """A call with an idempotency key; a retry's first attempt began a minute ago."""
    started = datetime.now(UTC) - timedelta(minutes=1 if is_retry else 0)
    with mutation(
        Mutation(marker=MARKER, is_retry=is_retry, started_at=started, save_outcome=save)
    ):
        yield


def test_it_is_opened_and_kept(scene: Scene) -> None:
    made = create(scene, {"labels": "bug, from sentry,,", "assignee": "ada", "team": "web"},
                  description="**How**\nand why")  # fmt: skip
    (issue,) = on_host(scene)
    assert (issue.title, issue.body, issue.labels, issue.assignees) == (
        "It broke", "**How**\nand why", ("bug", "from sentry"), ("ada",),
    )  # fmt: skip
    row = ExternalIssueRow.objects.get()
    assert made == ExternalIssue(
        id=row.id,
        organization_id=scene.organization.id,
        integration_id=scene.integration.pk,
        key=f"{FULL_NAME}#{issue.number}",
        title="It broke",
        description="**How**\nand why",
        web_url=made.web_url,
        metadata=made.metadata,
    )
    assert made.web_url.endswith(f"/{FULL_NAME}/issues/{issue.number}")
    given = {"repo": FULL_NAME, "labels": "bug, from sentry,,", "assignee": "ada", "team": "web"}
    assert given.items() <= made.metadata.items() == row.metadata.items()
    assert (row.key, row.title, row.description) == (made.key, made.title, made.description)


def test_two_calls_without_a_key_open_two(scene: Scene) -> None:
    first, second = create(scene), create(scene)
    assert first.id != second.id
    assert [f"{FULL_NAME}#{issue.number}" for issue in on_host(scene)] == [first.key, second.key]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("title", {"title": ""}),
        ("title", {"title": " \t"}),
        ("title", {"title": "x" * 256}),
        ("title", {"title": "a\0"}),
        ("title", {"title": "It broke\nbadly"}),
        ("title", {"title": "It broke\r\n"}),
        ("title", {"title": "\u2028It broke"}),
        ("description", {"description": "x" * 65_001}),
        ("description", {"description": "\udfff"}),
        ("integration_id", {"integration_id": 0}),
        ("organization_id", {"organization_id": -1}),
        ("metadata", {"metadata": {}}),
        ("metadata", {"metadata": {"repo": ""}}),
        ("metadata", {"metadata": {"repo": "a/b", "": "x"}}),
        ("metadata", {"metadata": {"repo": "a/b", "k" * 1025: "x"}}),
        ("metadata", {"metadata": {"repo": "a/b", "k": "x" * 1025}}),
        ("metadata", {"metadata": {"repo": "a/b", "k": "a\0"}}),
        ("metadata", {"metadata": {"repo": "a/b", **{str(n): "" for n in range(20)}}}),
    ],
)
def test_what_can_never_work(scene: Scene, field: str, fields) -> None:
    values = {"integration_id": scene.integration.pk, "title": "T", "metadata": {"repo": FULL_NAME}}
    with pytest.raises(InvalidArgument) as refusal:
        create_external_issue(caller_in(scene), **{**values, **fields})
    assert (refusal.value.field, asked(scene.emulator)) == (field, [])
    assert not ExternalIssueRow.objects.exists()


@pytest.mark.parametrize("repo", ["shop", "acme/shop/x", "../..", "acme/sh op", "acme/"])
def test_no_name_of_a_repository(scene: Scene, repo: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        create(scene, {"repo": repo})
    assert refusal.value.field == "metadata"
    assert refusal.value.description.startswith("repo: ")
    assert asked(scene.emulator) == []
    assert not ExternalIssueRow.objects.exists()
    assert on_host(scene) == []


def test_a_repository_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(NotFound, match="repository"):
        create(scene, {"repo": "acme/nothing"})
    assert not ExternalIssueRow.objects.exists()


def test_an_assignee_whom_the_host_does_not_know(scene: Scene) -> None:
    try:
        create(scene, {"assignee": "nobody-of-this-name"})
    except InvalidArgument:
        assert on_host(scene) == []
        assert not ExternalIssueRow.objects.exists()
    else:
        assert [issue.assignees for issue in on_host(scene)] == [()]


def test_another_organizations_integration(scene: Scene) -> None:
    other = Factories.create_integration(organization=Factories.create_organization())
    with pytest.raises(NotFound, match="integration"):
        create(scene, integration_id=other.pk)


# --- repeated calls -----------------------------------------------------------------------------


def test_a_key_leaves_a_marker_that_is_not_shown(scene: Scene) -> None:
    outcomes: list[object] = []
    with keyed(outcomes.append):
        made = create(scene, description="Why")
    (issue,) = on_host(scene)
    assert MARKER in (issue.body or "")
    assert (made.description, outcomes) == ("Why", [made])
    assert MARKER not in repr(made)


def test_a_crash_between_the_host_and_the_database(scene: Scene) -> None:
    """The outcome is saved with the row or not at all; the retry finds the issue."""

    def crash(_: object) -> None:
        raise CrashError

    with pytest.raises(CrashError), keyed(crash):
        create(scene, description="Why")
    assert len(on_host(scene)) == 1
    assert not ExternalIssueRow.objects.exists()
    outcomes: list[object] = []
    with keyed(outcomes.append, is_retry=True):
        made = create(scene, description="Why")
    (issue,) = on_host(scene)
    assert (made.key, outcomes) == (f"{FULL_NAME}#{issue.number}", [made])
    assert ExternalIssueRow.objects.get().key == made.key


@pytest.mark.parametrize("kind", ["truncated", "empty", "drop"])
def test_an_answer_that_is_lost(scene: Scene, kind: FaultKind) -> None:
    """Whether the host acted before its answer was lost or not, the retry leaves one issue."""
    scene.emulator.faults.add(Fault(kind=kind, method="POST", times=1))
    with pytest.raises(HostUnavailable), keyed(lambda _: None):
        create(scene)
    assert not ExternalIssueRow.objects.exists()
    with keyed(lambda _: None, is_retry=True):
        made = create(scene)
    assert [f"{FULL_NAME}#{issue.number}" for issue in on_host(scene)] == [made.key]


def test_a_crash_before_the_host(scene: Scene) -> None:
    with keyed(lambda _: None, is_retry=True):
        create(scene)
    assert len(on_host(scene)) == 1


def test_a_crash_after_the_row(scene: Scene) -> None:
    with keyed(lambda _: None):
        first = create(scene)
    with keyed(lambda _: None, is_retry=True):
        assert create(scene).id == first.id
    assert len(on_host(scene)) == ExternalIssueRow.objects.count() == 1


def test_the_outcome_is_saved_inside_the_transaction_of_the_row(scene: Scene) -> None:
    depth = len(transaction.get_connection().savepoint_ids)
    inside: list[bool] = []

    def save(_: object) -> None:
        inside.append(len(transaction.get_connection().savepoint_ids) > depth)

    with keyed(save):
        made = create(scene)
    with keyed(save):
        link_external_issue(caller_in(scene), group_id=scene.group.id, external_issue_id=made.id)
    assert inside == [True, True]


@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_time(scene: Scene) -> None:
    made: list[ExternalIssue] = []
    assert in_threads(*[lambda: made.append(create(scene))] * 3) == []
    keys = {f"{FULL_NAME}#{issue.number}" for issue in on_host(scene)}
    assert keys == {issue.key for issue in made}
    assert len(keys) == ExternalIssueRow.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_retries_at_the_same_time_store_one_row(scene: Scene) -> None:
    with keyed(lambda _: None):
        first = create(scene)
    ExternalIssueRow.objects.all().delete()
    found: list[str] = []

    def retry() -> None:
        with keyed(lambda _: None, is_retry=True):
            found.append(create(scene).key)

    assert in_threads(*[retry] * 3) == []
    assert found == [first.key] * 3
    assert len(on_host(scene)) == ExternalIssueRow.objects.count() == 1


# --- links --------------------------------------------------------------------------------------


def link(scene: Scene, issue_id: int, caller=None, group_id: int = 0) -> ExternalIssue:
    return link_external_issue(
        caller or caller_in(scene), group_id=group_id or scene.group.id, external_issue_id=issue_id
    )


def test_linking_twice_is_linking_once_and_asks_no_host(scene: Scene) -> None:
    made = create(scene)
    scene.emulator.clear_requests()
    first = link(scene, made.id)
    assert first == link(scene, made.id)
    assert (first.id, first.key) == (made.id, made.key)
    assert first.web_url == f"{WEB_URL}/{FULL_NAME}/issues/{made.key.partition('#')[2]}"
    tie = GroupLink.objects.get()
    assert (tie.group_id, tie.project_id) == (scene.group.id, scene.project.id)
    assert (tie.linked_type, tie.linked_id) == (LinkedType.ISSUE, made.id)
    assert tie.relationship == Relationship.REFERENCES
    assert asked(scene.emulator) == []


def test_a_ticket_under_a_former_name_keeps_its_place(scene: Scene) -> None:
    """Hosts number tickets by repository, so that two tickets may have one key in turn."""
    first = create(scene)
    link(scene, first.id)
    new_name = f"{FULL_NAME}-before"
    scene.emulator.rename_repository(FULL_NAME, new_name)
    other = HostedRepository(full_name=FULL_NAME, path=scene.git.path, id=4711)
    scene.emulator.add_repository(other)
    Repository.objects.filter(id=scene.repository.id).update(name=new_name)
    second = create(scene, title="Of another repository")
    assert (second.key, second.id != first.id) == (first.key, True)
    kept = ExternalIssueRow.objects.get(id=first.id)
    assert (kept.title, kept.key) == (first.title, f"former:{first.id}")
    assert kept.metadata["former_key"] == first.key
    assert GroupLink.objects.get().linked_id == first.id
    assert link(scene, first.id).web_url == ""
    assert link(scene, second.id).web_url.endswith(f"/{FULL_NAME}/issues/1")


@pytest.mark.django_db(transaction=True)
def test_linking_at_the_same_time(scene: Scene) -> None:
    made = create(scene)
    assert in_threads(*[lambda: link(scene, made.id)] * 4) == []
    assert GroupLink.objects.count() == 1


def test_what_cannot_be_linked(scene: Scene) -> None:
    made = create(scene)
    elsewhere = Factories.create_organization()
    group = Factories.create_group(Factories.create_project(elsewhere))
    theirs = Factories.create_external_issue(organization=elsewhere)
    attempts: list[tuple[type[ScmError], str, Callable[[], object]]] = [
        (NotFound, "group", lambda: link(scene, made.id, group_id=group.id)),
        (NotFound, "external issue", lambda: link(scene, theirs.id)),
        (NotFound, "group", lambda: link(scene, made.id, group_id=404)),
        (NotFound, "external issue", lambda: link(scene, 404)),
        (NotFound, "group", lambda: link(scene, made.id, member_in(scene))),
        (InvalidArgument, "external_issue_id", lambda: link(scene, 0)),
        (InvalidArgument, "group_id", lambda: link(scene, made.id, group_id=-1)),
    ]
    for kind, words, attempt in attempts:
        with pytest.raises(kind, match=words):
            attempt()
    assert not GroupLink.objects.exists()


def test_a_member_links_groups_of_own_teams(scene: Scene) -> None:
    team = Factories.create_team(scene.organization)
    Factories.create_project_team(project=scene.project, team=team)
    made = create(scene)
    assert link(scene, made.id, member_in(scene, team)).id == made.id


def test_an_integration_that_is_switched_off(scene: Scene) -> None:
    made = create(scene)
    scene.integration.status = ObjectStatus.DISABLED
    scene.integration.save()
    for attempt in (lambda: link(scene, made.id), lambda: create(scene)):
        with pytest.raises(IntegrationDisabled):
            attempt()
    assert not GroupLink.objects.exists()


def test_a_host_that_is_down_leaves_nothing_behind(scene: Scene) -> None:
    scene.emulator.stop()
    with pytest.raises(HostUnavailable):
        create(scene)
    assert not ExternalIssueRow.objects.exists()
