"""External issues: tickets on a host, opened and tied to issue groups."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from sentry import analytics
from sentry.actions.access import get_projects
from sentry.analytics.events.external_issue_created import ExternalIssueCreatedEvent
from sentry.analytics.events.external_issue_linked import ExternalIssueLinkedEvent
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.rows import (
    STATES,
    check_organization,
    to_repository,
)
from sentry.integrations.source_code_management.effects import current_mutation, record_effect
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.issues import SourceCodeIssueIntegration
from sentry.integrations.source_code_management.types import (
    Capability,
    ExternalIssue,
    IssueInfo,
    NewIssue,
    RepositoryRef,
)
from sentry.integrations.source_code_management.validation import clean_id, clean_text
from sentry.models.group import Group
from sentry.models.grouplink import GroupLink, LinkedType
from sentry.models.integrations.external_issue import ExternalIssue as ExternalIssueRow
from sentry.models.repository import Repository as RepositoryRow

_MAX_TITLE = 255
_MAX_DESCRIPTION = 65_000
_MAX_METADATA = 20
_MAX_METADATA_TEXT = 1024
# Begins the key of a ticket whose own key another ticket has by now.
_FORMER = "former:"
# What hosts call the fields of a call. Everything else that they are sent stands in its metadata.
_FIELDS = {"title": "title", "body": "description", "description": "description"}


def create_external_issue(
    caller: Caller,
    *,
    organization_id: int = 0,
    integration_id: int,
    title: str,
    description: str = "",
    metadata: Mapping[str, str],
) -> ExternalIssue:
    """Opens an issue on the host and keeps it.

    A ticket that is kept under the same key, of a repository that had the name before, stays: its
    key becomes "former:" and its id, and its metadata has ``former_key``.

    With an idempotency key the issue carries a hidden marker; a repeated call whose first attempt
    was broken off looks for it before it opens another.

    Args:
        caller: who asks.
        organization_id: the caller's own, or 0 for it.
        integration_id: an integration of the caller's organization.
        title: one line, at most 255 characters.
        description: Markdown, at most 65,000 characters.
        metadata: ``repo`` is the repository ("owner/name"); ``labels`` (comma-separated) and
            ``assignee`` are passed to the host; everything is kept with the issue.

    Raises:
        InvalidArgument: a value that can never work, as the room or the host sees it.
        NotFound: no such organization or integration, or no such repository on the host.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_id("integration_id", integration_id)
    _check_title(title)
    clean_text("description", description, max_length=_MAX_DESCRIPTION)
    _check_metadata(metadata)
    organization_id = check_organization(caller, organization_id)
    installation = installation_of_integration(caller, integration_id)
    host = require(installation, SourceCodeIssueIntegration, Capability.ISSUES)
    repo = _home_of(organization_id, integration_id, metadata["repo"])
    at_hand = current_mutation()
    began = at_hand.started_at if at_hand else timezone.now()
    with _faults_by_field():
        issue = _opened_before(host, repo) or host.create_issue(
            _new_issue(repo, title, description, metadata)
        )
    with transaction.atomic():
        _free_key(organization_id, integration_id, issue.key, began=began)
        row, is_new = ExternalIssueRow.objects.update_or_create(
            organization_id=organization_id,
            integration_id=integration_id,
            key=issue.key,
            defaults={
                "title": issue.title,
                "description": description,
                "metadata": {**metadata, **issue.metadata},
            },
        )
        result = _to_external_issue(row, issue.web_url)
        record_effect(result)
        if is_new:
            analytics.record(_created(caller, row))
    return result


def link_external_issue(caller: Caller, *, group_id: int, external_issue_id: int) -> ExternalIssue:
    """Ties an external issue to an issue group. Linking twice is the same as linking once.

    Raises:
        InvalidArgument: an id is no id.
        NotFound: no such group or external issue, or a group of a project out of reach.
        PreconditionFailed: the issue's integration is switched off.
    """
    clean_id("group_id", group_id)
    clean_id("external_issue_id", external_issue_id)
    group = Group.objects.filter(
        id=group_id, project__organization_id=caller.organization_id
    ).first()
    if group is None:
        raise NotFound("group")
    try:
        get_projects(caller, project_ids=[group.project_id])
    except NotFound:
        raise NotFound("group") from None
    row = ExternalIssueRow.objects.filter(
        id=external_issue_id, organization_id=caller.organization_id
    ).first()
    if row is None:
        raise NotFound("external issue")
    installation = installation_of_integration(caller, row.integration_id)
    host = require(installation, SourceCodeIssueIntegration, Capability.ISSUES)
    web_url = "" if row.key.startswith(_FORMER) else host.get_issue_url(row.key)
    result = _to_external_issue(row, web_url)
    with transaction.atomic():
        _, is_new = GroupLink.objects.get_or_create(
            group_id=group.id,
            linked_type=LinkedType.ISSUE,
            linked_id=row.id,
            defaults={"project_id": group.project_id},
        )
        record_effect(result)
        if is_new:
            analytics.record(_linked(caller, row, group))
    return result


def _created(caller: Caller, row: ExternalIssueRow) -> ExternalIssueCreatedEvent:
    return ExternalIssueCreatedEvent(
        organization_id=row.organization_id,
        user_id=caller.user_id,
        external_issue_id=row.id,
        integration_id=row.integration_id,
    )


def _linked(caller: Caller, row: ExternalIssueRow, group: Group) -> ExternalIssueLinkedEvent:
    return ExternalIssueLinkedEvent(
        organization_id=row.organization_id,
        user_id=caller.user_id,
        external_issue_id=row.id,
        group_id=group.id,
    )


def _check_title(title: str) -> None:
    clean_text("title", title, max_length=_MAX_TITLE, required=True)
    if title.splitlines() != [title]:
        raise InvalidArgument("title", "expected one line")


@contextmanager
def _faults_by_field() -> Iterator[None]:
    """Tells what the host does not accept by the field of the call that holds it."""
    try:
        yield
    except InvalidArgument as error:
        field = _FIELDS.get(error.field)
        if field is not None:
            raise InvalidArgument(field, error.description) from None
        raise InvalidArgument("metadata", f"{error.field}: {error.description}") from None


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > _MAX_METADATA:
        raise InvalidArgument("metadata", f"expected at most {_MAX_METADATA} entries")
    for key, value in metadata.items():
        clean_text("metadata", key, max_length=_MAX_METADATA_TEXT, required=True)
        clean_text("metadata", value, max_length=_MAX_METADATA_TEXT)
    if not metadata.get("repo"):
        raise InvalidArgument("metadata", 'needs "repo", the repository as owner/name')


def _home_of(organization_id: int, integration_id: int, name: str) -> RepositoryRef:
    """Where the issue belongs: with the host's id, where one repository of this name is known.

    Of several the host says which one has the name now.
    """
    rows = RepositoryRow.objects.filter(
        organization_id=organization_id,
        integration_id=integration_id,
        name__iexact=name,
        status__in=STATES,
    )[:2]
    known = [ref_of(to_repository(row)) for row in rows]
    return known[0] if len(known) == 1 else RepositoryRef(identifier=name)


def _free_key(organization_id: int, integration_id: int, key: str, *, began: datetime) -> None:
    """Takes the key from a ticket that is older than the one to be kept under it.

    The host numbers tickets by repository: another repository has the former one's name by now.
    The older ticket stays, with its links; its key is none that leads to a page of the host.
    """
    older = ExternalIssueRow.objects.filter(
        organization_id=organization_id,
        integration_id=integration_id,
        key=key,
        date_added__lt=began,
    ).first()
    if older is not None:
        older.key = f"{_FORMER}{older.pk}"
        older.metadata = {**older.metadata, "former_key": key}
        older.save(update_fields=["key", "metadata"])


def _new_issue(
    repo: RepositoryRef, title: str, description: str, metadata: Mapping[str, str]
) -> NewIssue:
    at_hand = current_mutation()
    return NewIssue(
        repo=repo,
        title=title,
        description=description,
        labels=tuple(
            label.strip() for label in metadata.get("labels", "").split(",") if label.strip()
        ),
        assignee=metadata.get("assignee", ""),
        marker=at_hand.marker if at_hand else "",
    )


def _opened_before(host: SourceCodeIssueIntegration, repo: RepositoryRef) -> IssueInfo | None:
    at_hand = current_mutation()
    if at_hand is None or not at_hand.is_retry:
        return None
    return host.find_issue_by_marker(repo, at_hand.marker, since=at_hand.started_at)


def _to_external_issue(row: ExternalIssueRow, web_url: str) -> ExternalIssue:
    return ExternalIssue(
        id=row.id,
        organization_id=row.organization_id,
        integration_id=row.integration_id,
        key=row.key,
        title=row.title or "",
        description=row.description or "",
        web_url=web_url,
        metadata={key: str(value) for key, value in row.metadata.items()},
    )
