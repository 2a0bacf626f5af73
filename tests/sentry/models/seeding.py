"""Many rows at once, made inside the database. What is not given gets the model's default."""

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection, models

from sentry import models as tables
from sentry.testutils.factories import stored_provider
from sentry.utils.encryption import encrypt_json

MANY = 100_000
MORE = 20_000
SOME = 10_000
# Rows have the ids BASE + 1 and on; what a test makes by itself has others.
BASE = 1_000_000
OURS = BASE + 1  # the organization, the project, the repository … that most rows belong to
_TIME = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = int(_TIME.timestamp())


def fill(model: type[models.Model], count: int, **expressions: str) -> None:
    """Makes ``count`` rows; each expression is SQL over ``i``, which counts from 1."""
    has_id = any(field.name == "id" for field in model._meta.concrete_fields)
    given = {"id": f"{BASE} + i", **expressions} if has_id else expressions
    columns = {
        str(field.column): given.get(field.attname) or given.get(field.name) or _default(field)
        for field in model._meta.concrete_fields
    }
    unknown = set(given) - {
        name for field in model._meta.concrete_fields for name in (field.name, field.attname)
    }
    assert not unknown, f"{model.__name__} has no {unknown}"
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    numbers = f"SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}"  # noqa: S608 - likewise
    values = f"SELECT {', '.join(columns.values())} FROM n"  # noqa: S608 - written in this file
    statement = f"WITH RECURSIVE n(i) AS ({numbers}) INSERT INTO {model._meta.db_table} ({names})"
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {values}")


def time_of(seconds: str) -> str:
    """SQL for a time so many seconds after the start of 2026."""
    if connection.vendor == "postgresql":
        return f"to_timestamp({EPOCH} + {seconds})"
    return f"datetime({EPOCH} + {seconds}, 'unixepoch')"


def mostly(ours: str, others: str, *, one_in: int = 3) -> str:
    """SQL for a value that one row in so many does not share with the rest."""
    return f"CASE WHEN i % {one_in} = 0 THEN {others} ELSE {ours} END"


def analyze() -> None:
    """Lets the database count what it has, as it does by itself in time."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _default(field: "models.Field[Any, Any]") -> str:
    value = field.get_default() if field.has_default() else None
    if isinstance(field, models.DateTimeField):
        return "NULL" if field.null else time_of("0")
    if value is None:
        return "NULL" if field.null else "''"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(int(value))
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + text.replace("'", "''") + "'"


def seed() -> None:
    """100,000 rows of what an organization has most of, 10,000 and more of everything else."""
    if connection.vendor == "postgresql":
        _skip_foreign_keys()
    _seed_people()
    _seed_code()
    _seed_credentials()
    _seed_tasks()
    if connection.vendor == "postgresql":
        analyze()  # as its autovacuum does


def _skip_foreign_keys() -> None:
    """The rows made here need no check of each foreign key, which takes PostgreSQL most of the time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        if cursor.fetchone() == ("on",):
            cursor.execute("SET LOCAL session_replication_role = replica")


def _spread(count: int = SOME) -> str:
    """One of the other organizations, projects … ."""
    return f"{BASE} + 1 + i % {count - 1}"


def _seed_people() -> None:
    fill(tables.Organization, SOME, name="'Organization ' || i", slug="'seeded-' || i")
    fill(tables.User, SOME, username="'seeded-' || i", email="'seeded-' || i || '@example.com'")
    fill(
        tables.Team,
        MANY,
        organization_id=mostly(f"{OURS}", _spread()),
        slug="'seeded-' || i",
        name="'Team'",
    )
    fill(
        tables.OrganizationMember,
        SOME,
        organization_id=f"CASE WHEN i <= 20 THEN {OURS} ELSE {_spread()} END",
        user_id=f"{BASE} + i",
    )
    fill(
        tables.OrganizationMemberTeam, SOME, organizationmember_id=f"{BASE} + i", team_id=_spread()
    )
    fill(
        tables.Project,
        SOME,
        organization_id=mostly(f"{OURS}", _spread()),
        slug="'seeded-' || i",
        name="'Project'",
    )
    # ten teams for each project, of the organization if the project is
    fill(
        tables.ProjectTeam,
        MANY,
        project_id=f"{BASE} + 1 + i % {SOME}",
        team_id=f"{BASE} + 1 + i % {SOME} + 3 * (i / {SOME})",
    )


def _seed_code() -> None:
    organization = mostly(f"{OURS}", _spread())
    # names: many share their first part, few hold "payments"; ties in the name are common
    fill(
        tables.Repository,
        MANY,
        organization_id=organization,
        name="'acme/' || CASE WHEN i % 1000 = 0 THEN 'payments-' ELSE 'service-' END || i / 2",
        provider="'" + str(stored_provider("github")) + "'",
        external_id="'' || i",
        url="'https://git.example.com/acme/' || i",
        status="CASE WHEN i % 50 = 0 THEN 4 WHEN i % 20 = 0 THEN 1 WHEN i % 30 = 0 THEN 2 ELSE 0 END",
        integration_id=f"{BASE} + 1 + i % 7",
    )
    fill(
        tables.CommitAuthor,
        MANY,
        organization_id=organization,
        name="'Author'",
        email="'author-' || i || '@example.com'",
        external_id="'github:author-' || i",
    )
    fill(
        tables.Commit,
        MANY,
        organization_id=f"{OURS}",
        repository_id=mostly(f"{OURS}", f"{BASE} + i"),
        key="substr('0000000' || i, length('' || i)) || 'abcdef0123456789abcdef0123456789'",
        message="'Change'",
        author_id=f"{BASE} + i",
        date_added=time_of("i / 2"),
    )
    fill(
        tables.CommitFileChange,
        MANY,
        organization_id=f"{OURS}",
        commit_id=f"{BASE} + i",
        filename="'src/' || i % 5000 || '.py'",
        type="'M'",
    )
    fill(
        tables.PullRequest,
        MANY,
        organization_id=organization,
        repository_id=mostly(f"{OURS}", f"{BASE} + i"),
        key="'' || i",
        author_id=f"{BASE} + i",
        merge_commit_sha="'sha-' || i",
    )
    _seed_mappings(organization)
    _seed_issues(organization)


def _seed_mappings(organization: str) -> None:
    fill(
        tables.RepositoryProjectPathConfig,
        MANY,
        organization_id=organization,
        project_id=mostly(f"{OURS}", _spread()),
        repository_id=f"{BASE} + i",
        integration_id=f"{BASE} + 1 + i % 7",
        organization_integration_id=f"{BASE} + 1 + i % 7",
        stack_root="'app/' || i % 100",
        source_root="'src/' || i",
    )


def _seed_issues(organization: str) -> None:
    fill(tables.Group, MANY, project_id=mostly(f"{OURS}", _spread()), title="'Error'")
    fill(
        tables.ExternalIssue,
        MANY,
        organization_id=organization,
        integration_id=f"{BASE} + 1 + i % 7",
        key="'acme/shop#' || i",
        title="'Ticket'",
    )
    fill(
        tables.GroupLink,
        MANY,
        group_id=f"{BASE} + i",
        project_id=mostly(f"{OURS}", _spread()),
        linked_type="3",
        linked_id=f"{BASE} + i",
    )


def _seed_credentials() -> None:
    organization = mostly(f"{OURS}", _spread(), one_in=2)
    metadata = "'" + encrypt_json({"token": "ghp_test"}) + "'"
    fill(
        tables.Integration,
        SOME,
        provider="'github'",
        external_id="'seeded-' || i",
        name="'Installation ' || i",
        metadata=metadata,
    )
    fill(
        tables.OrganizationIntegration,
        SOME,
        organization_id=f"CASE WHEN i <= 10 THEN {OURS} ELSE {_spread()} END",
        integration_id=f"{BASE} + i",
    )
    fill(
        tables.WebhookPayload,
        MANY,
        integration_id=mostly(f"{OURS}", f"{BASE} + 1 + i % {SOME}"),
        delivery_id="'delivery-' || i",
        digest="'digest-' || i",
        status="CASE WHEN i % 1000 = 0 THEN 0 WHEN i % 200 = 1 THEN 2 ELSE 1 END",
        expires_at=f"CASE WHEN i % 1000 = 0 THEN NULL ELSE {time_of('i')} END",
        received_at=time_of("i"),
    )
    owned = f"CASE WHEN i <= 100 THEN {OURS} ELSE {_spread()} END"
    hashed = {"token_hashed": "'hash-' || i", "token_last_characters": "'abcd'"}
    fill(tables.ApiKey, MORE, organization_id=owned, **hashed)
    fill(tables.OrgAuthToken, MORE, organization_id=owned, **hashed)
    fill(tables.ApiToken, MORE, user_id=_spread(), **hashed)
    fill(
        Session,
        MANY,
        session_key="'session-' || i",
        session_data="'data'",
        expire_date=time_of("i"),
    )
    fill(tables.Lease, MORE, name="'lease-' || i", holder="'holder'", expires_at=time_of("i"))
    fill(
        tables.IdempotencyRecord,
        MORE,
        organization_id=organization,
        caller="'api_key:' || i % 10",
        method="'CreateCodeMapping'",
        key="'key-' || i",
        expires_at=time_of("i"),
    )
    fill(
        tables.SignatureNonce,
        MORE,
        key_id="'key-' || i % 10",
        nonce="'nonce-' || i",
        expires_at=time_of("i"),
    )
    fill(
        tables.AnalyticsEvent,
        MORE,
        organization_id=organization,
        type="'code_mapping.created'",
        expires_at=time_of("i"),
    )
    fill(
        tables.SharedResult, MANY, key="'result-' || i", holder="'holder'", expires_at=time_of("i")
    )
    fill(
        tables.SyncJob,
        MORE,
        organization_id=owned,
        integration_id="i",
        status="2",
        expires_at=time_of("i"),
    )
    fill(
        tables.RateLimitCounter,
        MORE,
        key="'api_key:' || i % 1000",
        window="i",
        expires_at=time_of("i"),
    )


def _seed_tasks() -> None:
    """One in a hundred failed; the others are due one after the other, far in the future most."""
    due = time_of("i * 3000")
    fill(
        tables.TaskRecord,
        MANY,
        name="'sentry.tasks.delete_repository'",
        queue="CASE WHEN i % 10 = 0 THEN 'deletion' ELSE 'other-' || i % 50 END",
        key="'key-' || i",
        arguments="'{}'",
        status="CASE WHEN i % 100 = 4 THEN 1 ELSE 0 END",
        available_at=due,
        message_due_at=due,
    )
