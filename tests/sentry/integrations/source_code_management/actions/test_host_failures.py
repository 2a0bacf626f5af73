"""A host that fails: each action says what happened, and nothing is half-written."""

import time
from collections.abc import Callable

import pytest

from forge_emulator.faults import Fault
from sentry.integrations.source_code_management.actions.commit_context import (
    LineQuestion,
    batch_get_commit_context,
    get_commit_context,
    stream_file_blame,
)
from sentry.integrations.source_code_management.actions.commits import get_commit, list_commits
from sentry.integrations.source_code_management.actions.external_issues import (
    create_external_issue,
)
from sentry.integrations.source_code_management.actions.files import get_file
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostError,
    HostForbidden,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.models import Commit, CommitAuthor, ExternalIssue
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN, PATH, Scene

from .conftest import caller_in

pytestmark = pytest.mark.django_db


def question(scene: Scene) -> LineQuestion:
    return LineQuestion(
        repository_id=scene.repository.id,
        commit_sha=scene.git.head(),
        filepath=PATH,
        line_number=1,
    )


def issue(scene: Scene) -> None:
    create_external_issue(
        caller_in(scene),
        integration_id=scene.integration.pk,
        title="T",
        metadata={"repo": FULL_NAME},
    )


ACTIONS: dict[str, Callable[[Scene], object]] = {
    "get_commit": lambda scene: get_commit(
        caller_in(scene), repository_id=scene.repository.id, commit_sha=scene.git.head()
    ),
    "list_commits": lambda scene: list_commits(caller_in(scene), repository_id=scene.repository.id),
    "get_file": lambda scene: get_file(
        caller_in(scene), repository_id=scene.repository.id, path=PATH
    ),
    "get_commit_context": lambda scene: get_commit_context(caller_in(scene), question(scene)),
    "stream_file_blame": lambda scene: list(
        stream_file_blame(
            caller_in(scene),
            repository_id=scene.repository.id,
            commit_sha=scene.git.head(),
            filepath=PATH,
        )
    ),
    "create_external_issue": issue,
}
FAILURES: list[tuple[str, Fault, type[ScmError], int | None]] = [
    ("401", Fault(kind="status", status=401), IntegrationBroken, None),
    ("403", Fault(kind="status", status=403), HostForbidden, 403),
    ("404", Fault(kind="status", status=404), NotFound, None),
    ("429", Fault(kind="rate_limit_secondary", status=429, seconds=17), HostRateLimited, 429),
    ("limit", Fault(kind="rate_limit_primary"), HostRateLimited, None),
    ("500", Fault(kind="status", status=500), HostUnavailable, 500),
    ("503", Fault(kind="status", status=503, headers={"retry-after": "9"}), HostUnavailable, 503),
    ("html", Fault(kind="html"), HostUnavailable, None),
    ("truncated", Fault(kind="truncated"), HostUnavailable, None),
    ("half", Fault(kind="truncated", body=b'{"sha": "abc'), HostUnavailable, None),
    ("array", Fault(kind="status", status=200, body=b"[1, null"), HostUnavailable, None),
    ("other", Fault(kind="status", status=200, body=b'"x"'), HostUnavailable, None),
    ("empty", Fault(kind="empty"), HostUnavailable, None),
    ("drop", Fault(kind="drop"), HostUnavailable, None),
]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once: what they wait is tested with the session."""
    monkeypatch.setattr(
        "sentry.integrations.source_code_management.http.backoff", lambda *_, **__: 0.0
    )


def nothing_is_stored() -> bool:
    return not any(model.objects.exists() for model in (Commit, CommitAuthor, ExternalIssue))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("fault", "kind", "status"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_each_action_says_what_happened(
    scene: Scene, action: str, fault: Fault, kind: type[ScmError], status: int | None
) -> None:
    scene.emulator.faults.add(fault)
    with pytest.raises(kind) as failure:
        ACTIONS[action](scene)
    error = failure.value
    assert type(error) is kind
    if isinstance(error, HostError) and status is not None:
        assert error.status == status
    if kind is HostRateLimited:
        assert error.retry_after is not None
        assert error.retry_after > 0
    assert HOST_TOKEN not in f"{error!r} {error}"
    assert scene.emulator.url.rpartition(":")[2] not in error.message
    assert nothing_is_stored()


def test_how_long_to_wait_is_told(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="rate_limit_secondary", status=429, seconds=17))
    with pytest.raises(HostRateLimited) as failure:
        ACTIONS["get_file"](scene)
    assert 0 < (failure.value.retry_after or 0) <= 17


def test_a_repository_without_issues(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=410, method="POST"))
    with pytest.raises(HostRejected, match="switched off") as failure:
        issue(scene)
    assert failure.value.status == 410
    assert nothing_is_stored()


def test_reads_survive_a_host_that_recovers(scene: Scene) -> None:
    for action in ("get_commit", "list_commits", "get_file", "get_commit_context"):
        scene.emulator.faults.add(Fault(kind="status", status=502, times=1))
        assert ACTIONS[action](scene)


def test_an_issue_is_asked_for_once_whatever_happens(scene: Scene) -> None:
    """A lost answer may have been a success: asking again could open a second one."""
    scene.emulator.faults.add(Fault(kind="drop", method="POST", times=1))
    with pytest.raises(HostUnavailable):
        issue(scene)
    posts = [request for request in scene.emulator.requests if request.method == "POST"]
    assert len(posts) == 1


@pytest.mark.parametrize("action", ["get_commit", "get_file", "get_commit_context"])
def test_a_host_that_drips_is_cut_at_the_deadline(scene: Scene, action: str) -> None:
    scene.emulator.faults.add(Fault(kind="slow_drip", seconds=600, body=b'{"sha": "' + b"a" * 5000))
    with deadline_at(time.monotonic() + 0.3), pytest.raises((DeadlineExceeded, HostUnavailable)):
        ACTIONS[action](scene)
    assert nothing_is_stored()


def test_a_deadline_that_has_passed_asks_nothing(scene: Scene) -> None:
    with deadline_at(time.monotonic() - 1), pytest.raises(DeadlineExceeded):
        ACTIONS["list_commits"](scene)
    assert scene.emulator.requests == []


def test_a_batch_says_it_at_every_place(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=401))
    answers = batch_get_commit_context(caller_in(scene), [question(scene)] * 3)
    assert [type(answer) for answer in answers] == [IntegrationBroken] * 3


@override_options({"scm.mirrors.enabled": False})
def test_an_error_of_graphql_inside_a_success(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="graphql_errors"))
    with pytest.raises(HostError):
        ACTIONS["get_commit_context"](scene)
