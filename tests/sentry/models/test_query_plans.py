"""No filter of any action reads a table without an index, or sorts what it need not.

The statements are those that the actions send, over 100,000 rows, on the database of the run.
"""

import inspect
import pkgutil
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.utils import timezone

import sentry.actions
import sentry.integrations.source_code_management.actions
from sentry import models
from sentry.auth.caller import CallerKind
from sentry.auth.nonces import _reserve_in_database
from sentry.auth.ratelimit import _take_from_database
from sentry.auth.services.credential import credential_service
from sentry.integrations.source_code_management.actions import repositories
from sentry.integrations.source_code_management.errors import ScmError, Unsupported
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.shared_store import TableStore
from sentry.taskqueue import messenger, records, scheduler
from tests.sentry.integrations.scene import Scene, build_repository, host_over, make_scene

from . import plan_walk, plan_walk_webhooks
from .query_plans import Statement, explained
from .seeding import EPOCH, OURS, analyze, seed

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The rows, in a transaction that is rolled back after the last test of this file."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined] # as Django marks a TestCase's own
    with django_db_blocker.unblock(), block:
        seed()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def rows(seeded: None, db: None) -> Iterator[None]:
    """The rows; what a test adds is undone without checking every foreign key of all of them."""
    yield
    transaction.set_rollback(True)


@pytest.fixture
def scene(rows: None, settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    git = build_repository(tmp_path_factory.mktemp("plans") / "shop")
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with host_over(git) as emulator:
        yield make_scene(emulator, git)
    shared_runtime.cache_clear()


def faults_of(calls: list[plan_walk.Call]) -> list[str]:
    """What is wrong with the plans of these calls; each must have sent a statement."""
    found = []
    for call in calls:
        with explained() as statements:
            try:
                call.run()
            except ScmError as error:
                found += [] if isinstance(error, Unsupported) else [f"{call}: {error}"]
        found += [] if statements else [f"{call} asked nothing"]
        found += [_report(str(call), statement) for statement in statements if statement.faults]
    return list(dict.fromkeys(found))


def _report(name: str, statement: Statement) -> str:
    return f"{name}: {', '.join(statement.faults)}\n  {statement.sql}\n  {statement.plan}"


def check(calls: Callable[[], list[plan_walk.Call]]) -> None:
    """Fails with every fault. An embedded SQLite may never have counted its rows: asked both ways."""
    faults = faults_of(calls())
    if connection.vendor == "sqlite":
        analyze()
        faults += faults_of(calls())
    if faults:
        pytest.fail("\n".join(dict.fromkeys(faults)), pytrace=False)


def test_reading_what_is_stored(rows: None) -> None:
    check(plan_walk.reads_of_the_room)


def test_access_of_people(rows: None) -> None:
    check(plan_walk.access_of_people)


def test_what_asks_a_host(scene: Scene) -> None:
    check(lambda: plan_walk.calls_with_a_host(scene))


def test_administration(rows: None) -> None:
    check(plan_walk.administration)


def test_background_work(rows: None) -> None:
    check(plan_walk.background_work)


def test_the_machinery_of_background_work(rows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of tasks; the leases and the schedule are a handful of rows."""
    monkeypatch.setattr(messenger, "announce", lambda *_: True)  # there is no broker to be asked
    row = models.TaskRecord.objects.order_by("id")[0]
    claim = records.write_claimed("sentry.tasks.sweep_expired", "deletion", "{}", time_limit=1)
    write = {
        "name": "sentry.tasks.sweep_expired",
        "queue": "deletion",
        "arguments": "{}",
        "countdown": 0,
    }
    calls = [
        plan_walk.call(records.write, **write, key=None),
        plan_walk.call(records.write, **write, key="a"),
        plan_walk.call(records.due, None, limit=50),
        plan_walk.call(records.due, ["deletion", "maintenance"], limit=50),
        plan_walk.call(records.due_record, row.pk),
        plan_walk.call(records.claim, row, time_limit=1),
        plan_walk.call(records.postpone, row, pause=1),
        plan_walk.call(records.release, claim, pause=1, error=""),
        plan_walk.call(records.bury, claim, error=""),
        plan_walk.call(records.complete, claim),
        plan_walk.call(scheduler.resend),
    ]
    check(lambda: calls)


def test_lists_of_callers(rows: None) -> None:
    check(plan_walk.lists_of_callers)


def test_changes_of_callers(scene: Scene) -> None:
    """Asked once: what a change does it does not do twice."""
    faults = faults_of(plan_walk.changes_of_callers(scene))
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def test_webhooks(scene: Scene) -> None:
    check(lambda: plan_walk_webhooks.calls(scene))


def test_credentials_and_what_guards_them(rows: None) -> None:
    """What the doors ask before any action."""
    now = timezone.now()
    record = models.IdempotencyRecord.objects.filter(
        organization_id=OURS, caller="api_key:1", method="CreateCodeMapping", key="key-11"
    )
    mine = models.IdempotencyRecord.objects.filter(pk=OURS, claimed_until=now, outcome__isnull=True)
    calls = [
        *(
            plan_walk.call(credential_service.find_credential, kind=kind, token_hash="hash-1")
            for kind in (CallerKind.API_KEY, CallerKind.ORG_TOKEN, CallerKind.USER_TOKEN)
        ),
        plan_walk.call(credential_service.find_membership, user_id=OURS, organization_id=OURS),
        plan_walk.call(credential_service.first_memberships, user_id=OURS, limit=2),
        plan_walk.call(_reserve_in_database, "key-1", secrets.token_hex(16), EPOCH),
        plan_walk.call(_take_from_database, "api_key:1", 1_000_000, 10),
        plan_walk.call(_take_from_database, "api_key:1", 1_000_000, 10),
        plan_walk.call(record.first),
        plan_walk.call(record.filter(expires_at__lte=now).delete),
        plan_walk.call(mine.update, outcome="{}"),
        *(
            plan_walk.call(change, **arguments)
            for change, arguments in (
                (TableStore().read, {"keys": ["result-7", "none"]}),
                (TableStore().claim, {"keys": ["none"], "holder": "me", "seconds": 9}),
                (TableStore().write, {"values": {"none": b"x"}, "seconds": 9}),
                (TableStore().release, {"keys": ["result-7"], "holder": "me"}),
            )
        ),
        *(
            plan_walk.call(expired.filter(expires_at__lt=datetime.fromtimestamp(EPOCH, UTC)).delete)
            for expired in _EXPIRING
        ),
    ]
    check(lambda: calls)


_EXPIRING = (
    models.SignatureNonce.objects,
    models.RateLimitCounter.objects,
    models.IdempotencyRecord.objects,
    models.AnalyticsEvent.objects,
    models.SharedResult.objects,
)


def test_a_short_query_walks_the_index_of_names(rows: None) -> None:
    with explained() as statements:
        repositories.list_repositories(plan_walk.PROGRAM, query="ay")
    (statement,) = statements
    assert "sentry_repo_org_name_id" in statement.plan
    assert not any(word in statement.plan for word in ("Sort", "TEMP B-TREE"))


@pytest.mark.parametrize(
    ("rows_of", "fault"),
    [
        (lambda: models.Repository.objects.filter(url="https://a.example"), "without an index"),
        (lambda: models.Commit.objects.filter(message="Change 7"), "without an index"),
        (lambda: models.Group.objects.filter(title__contains="rr").order_by("title"), "without"),
        (
            lambda: models.Repository.objects.filter(organization_id=OURS).order_by("-url")[:10],
            "sorts",
        ),
        (
            lambda: models.Commit.objects.filter(repository_id=OURS).order_by("message")[:10],
            "sorts",
        ),
    ],
)
def test_a_filter_without_an_index_is_found(rows: None, rows_of, fault: str) -> None:
    """The check can fail."""
    with explained() as statements:
        list(rows_of())
    assert fault in " ".join(statements[0].faults)


# Each says why its statements are not among those of the walk.
NOT_WALKED = {
    "sentry.actions.options": "asks by the unique key, then reads all: as many as there are options",
    "sentry.actions.features": "asks by the unique key, then reads every rule on purpose",
    "sentry.actions.database": "reads and writes whole tables on purpose",
    "sentry.actions.encryption_keys": "reads every encrypted row on purpose, by primary key",
    "sentry.actions.grants": "asks no database",
    "sentry.actions.pages": "asks what the actions give it",
    "sentry.actions.validation": "asks no database",
    "sentry.integrations.source_code_management.actions.broken_integrations": "reads every broken integration on purpose",
}
ASK_NOTHING = {
    "api_key_value", "config_with", "check_email", "check_label", "check_platform", "fits", "may_read_metrics", "new_row", "org_token_value", "read_metrics", "summary_of",
    "to_member", "to_project", "to_team", "user_token_value", "check_health", "sees_every_project", "to_summary", "check_organization", "check_provider", "commit_url", "create_user",
    "is_broker_reachable", "operator_in", "user_value", "provider_key", "provider_names", "provider_of", "ref_of", "require",
    "as_hosts_take_it", "resolve_ref", "blame_once", "blame_file_once", "told_error", "mirrors_enabled", "mirror_place", "prepare_mirror", "prepare_mirror_later",
    "reason_of", "to_code_mapping", "to_commit", "to_repository", "unstored", "webhook_url",
}  # fmt: skip
# Asked by the actions that are walked.
INNER = {
    "check_may_take", "check_not_broken", "look_again", "note_rejection", "watching", "find_repositories", "find_repository", "installation_of_integration",
    "installation_of_repository", "provider_of_integration", "resolve_sha", "store_commit",
}  # fmt: skip
TOGETHER = {
    "get_organization", "list_organizations", "organization_of_user", "organization_with_slug",
    "delete_organization", "sign_in", "sign_out", "signed_in_user", "visible_projects",
    "register_webhooks", "unregister_webhooks", "register_webhook", "unregister_webhook",
}  # fmt: skip


def _public_functions() -> set[str]:
    packages = (sentry.actions, sentry.integrations.source_code_management.actions)
    names = {
        f"{package.__name__}.{module.name}"
        for package in packages
        for module in pkgutil.iter_modules(package.__path__)
    }
    return {
        name
        for module in map(import_module, names - NOT_WALKED.keys())
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def test_every_action_is_walked(scene: Scene) -> None:
    walks = (
        plan_walk.reads_of_the_room(),
        plan_walk.access_of_people(),
        plan_walk.calls_with_a_host(scene),
        plan_walk.administration(),
        plan_walk.background_work(),
        plan_walk.lists_of_callers(),
        plan_walk.changes_of_callers(scene),
        plan_walk_webhooks.calls(scene),
    )
    walked = {call.action.__name__ for calls in walks for call in calls}
    new = _public_functions() - walked - ASK_NOTHING - INNER - TOGETHER
    assert not new, "add each to plan_walk, or say above why it asks nothing"
