"""Code mappings: where the paths of a project's stack traces lie in a repository."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from sentry import analytics
from sentry.actions.access import get_projects, sees_every_project, visible_projects
from sentry.analytics.events.code_mapping_created import CodeMappingCreatedEvent
from sentry.auth.caller import Caller
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions.installations import (
    check_provider,
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.rows import (
    check_organization,
    find_repository,
    to_code_mapping,
)
from sentry.integrations.source_code_management.effects import record_effect
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    IntegrationDisabled,
    InvalidArgument,
    NotFound,
    Unsupported,
)
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import (
    Capability,
    CodeMapping,
    Page,
    Repository,
)
from sentry.integrations.source_code_management.validation import (
    clean_branch,
    clean_id,
    clean_page_size,
    clean_root,
    clean_text,
)
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig

MAX_STACKTRACE_PATHS = 500
_PAGE = 100
_MAX_FRAME_PATH = 4096


def create_code_mapping(
    caller: Caller,
    *,
    organization_id: int = 0,
    project_id: int,
    repository_id: int,
    stack_root: str,
    source_root: str,
    default_branch: str = "",
    integration_id: int | None = None,
) -> CodeMapping:
    """Maps a stack root of a project to a source root of a repository.

    Args:
        caller: who asks.
        organization_id: the caller's own, or 0 for it.
        project_id: a project that the caller may see.
        repository_id: a repository of the caller's organization.
        stack_root: the prefix of stack trace paths; may be empty.
        source_root: the prefix of paths in the repository; may be empty.
        default_branch: "" for the repository's own; the host is asked where its row has none.
        integration_id: where given, the integration that the repository must belong to.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such organization, project, repository or integration.
        AlreadyExists: the same mapping exists.
        ProviderDisabled: the repository's provider is switched off.
        HostError, IntegrationBroken: the default branch had to be asked for, and the host did not
            answer, or not to this credential.
    """
    row = RepositoryProjectPathConfig(
        **_checked(
            caller,
            organization_id=organization_id,
            project_id=project_id,
            repository_id=repository_id,
            stack_root=stack_root,
            source_root=source_root,
            default_branch=default_branch,
            integration_id=integration_id,
        )
    )
    mapping = _store(row)
    analytics.record(
        CodeMappingCreatedEvent(
            organization_id=mapping.organization_id,
            user_id=caller.user_id,
            code_mapping_id=mapping.id,
            project_id=mapping.project_id,
            repository_id=mapping.repository_id,
        )
    )
    return mapping


def get_code_mapping(caller: Caller, *, code_mapping_id: int) -> CodeMapping:
    """A code mapping of a project that the caller may see.

    Raises:
        NotFound: there is none, or it belongs to another project.
    """
    return to_code_mapping(_visible(caller, code_mapping_id))


def update_code_mapping(
    caller: Caller,
    *,
    code_mapping_id: int,
    project_id: int,
    repository_id: int,
    stack_root: str,
    source_root: str,
    default_branch: str = "",
    integration_id: int | None = None,
) -> CodeMapping:
    """Replaces a code mapping by another; the arguments are those of ``create_code_mapping``.

    Under another project or stack root it comes after the mappings that are there.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such mapping, project, repository or integration.
        AlreadyExists: the same mapping exists.
        ProviderDisabled: the repository's provider is switched off.
        HostError, IntegrationBroken: the default branch had to be asked for, and the host did not
            answer, or not to this credential.
    """
    row = _visible(caller, code_mapping_id)
    before = (row.project_id, row.stack_root)
    values = _checked(
        caller,
        organization_id=0,
        project_id=project_id,
        repository_id=repository_id,
        stack_root=stack_root,
        source_root=source_root,
        default_branch=default_branch,
        integration_id=integration_id,
    )
    for name, value in values.items():
        setattr(row, name, value)
    row.automatically_generated = False
    return _store(row, at_the_end=(row.project_id, row.stack_root) != before)


def delete_code_mapping(caller: Caller, *, code_mapping_id: int) -> None:
    """Deletes a code mapping.

    Raises:
        NotFound: there is none, or it belongs to a project that the caller may not see.
    """
    _visible(caller, code_mapping_id).delete()


def list_code_mappings(
    caller: Caller,
    *,
    project_id: int | None = None,
    integration_id: int | None = None,
    page_size: int = 0,
    page_token: str = "",
) -> Page[CodeMapping]:
    """The code mappings of the projects that the caller may see, in the order they were made.

    Args:
        caller: who asks.
        project_id: only those of this project, which the caller must be able to see.
        integration_id: only those of this integration.
        page_size: 0 for 100; at most 100.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: no such project.
    """
    size = clean_page_size(page_size, default=_PAGE, most=_PAGE)
    bound = ("code-mappings", caller.organization_id, project_id, integration_id)
    after = decode_page_token(bound, page_token)
    rows = RepositoryProjectPathConfig.objects.filter(organization_id=caller.organization_id)
    if project_id is not None:
        (project,) = get_projects(caller, project_ids=[project_id])
        rows = rows.filter(project_id=project.id)
    elif not sees_every_project(caller):
        # ids rather than a subquery: the database sees how many they are, and keeps to the order
        rows = rows.filter(project_id__in=[project.id for project in get_projects(caller)])
    if integration_id is not None:
        rows = rows.filter(integration_id=integration_id)
    if after is not None:
        rows = rows.filter(id__gt=after[0])
    found = [to_code_mapping(row) for row in rows.order_by("id")[: size + 1]]
    more = len(found) > size
    return Page(
        items=tuple(found[:size]),
        next_token=encode_page_token(bound, [found[size - 1].id]) if more else "",
    )


def derive_code_mappings(
    caller: Caller, *, organization_id: int = 0, project_id: int, stacktrace_paths: Sequence[str]
) -> list[CodeMapping]:
    """Derives mappings from stack trace paths: every check is made, derivation itself is to come.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such organization or project.
        Unsupported: always, once everything else is right.
    """
    clean_id("project_id", project_id)
    if not 1 <= len(stacktrace_paths) <= MAX_STACKTRACE_PATHS:
        raise InvalidArgument("stacktrace_paths", f"expected 1 to {MAX_STACKTRACE_PATHS} of them")
    for path in stacktrace_paths:
        clean_text("stacktrace_paths", path, max_length=_MAX_FRAME_PATH, required=True)
    check_organization(caller, organization_id)
    get_projects(caller, project_ids=[project_id])
    raise Unsupported("this platform", "deriving code mappings")


def _organization_integration_id(repository: Repository) -> int | None:
    if repository.integration_id is None:
        return None
    installed = integration_service.get_installed(
        organization_id=repository.organization_id, integration_id=repository.integration_id
    )
    return installed.organization_integration.id if installed else None


def _visible(caller: Caller, code_mapping_id: int) -> RepositoryProjectPathConfig:
    row = RepositoryProjectPathConfig.objects.filter(
        id=code_mapping_id,
        organization_id=caller.organization_id,
        project__in=visible_projects(caller),
    ).first()
    if row is None:
        raise NotFound("code mapping")
    return row


def _checked(
    caller: Caller,
    *,
    organization_id: int,
    project_id: int,
    repository_id: int,
    stack_root: str,
    source_root: str,
    default_branch: str,
    integration_id: int | None,
) -> dict[str, Any]:
    """A mapping's columns, each checked; the errors are those of ``create_code_mapping``."""
    clean_id("project_id", project_id)
    clean_id("repository_id", repository_id)
    clean_root("stack_root", stack_root)
    clean_root("source_root", source_root)
    if default_branch:
        clean_branch("default_branch", default_branch)
    organization_id = check_organization(caller, organization_id)
    repository = find_repository(caller, repository_id)
    (project,) = get_projects(caller, project_ids=[project_id])
    if repository.provider is not None:
        check_provider(repository.provider, organization_id)
    if integration_id is not None and repository.integration_id != integration_id:
        raise NotFound("integration")
    branch = default_branch or _own_branch(caller, repository)
    if not branch:
        raise InvalidArgument("default_branch", "is needed: the repository's own is not known")
    return {
        "organization_id": organization_id,
        "project_id": project.id,
        "repository_id": repository.id,
        "integration_id": repository.integration_id,
        "organization_integration_id": _organization_integration_id(repository),
        "stack_root": stack_root,
        "source_root": source_root,
        "default_branch": branch,
    }


def _own_branch(caller: Caller, repository: Repository) -> str:
    """The repository's default branch: the row's, else the host's; "" where it has none.

    Not known, and so "", is that of a repository without an integration, or with one that is
    switched off. What the host says is not kept with the repository: where its lists tell no
    default branch, nothing would notice another one.
    """
    known = repository.config.get("default_branch", "")
    if known:
        return known
    try:
        installation = installation_of_repository(caller, repository)
    except IntegrationDisabled:
        return ""
    host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
    return host.get_repository_default_branch(ref_of(repository)) or ""


def _store(row: RepositoryProjectPathConfig, *, at_the_end: bool = True) -> CodeMapping:
    """Saves a mapping, a new one after those of the same stack root."""
    try:
        with transaction.atomic():
            if at_the_end:
                last = RepositoryProjectPathConfig.objects.filter(
                    project_id=row.project_id, stack_root=row.stack_root
                ).aggregate(last=Max("position"))["last"]
                row.position = 0 if last is None else last + 1
            row.save()
            mapping = to_code_mapping(row)
            record_effect(mapping)
    except IntegrityError:
        raise AlreadyExists("code mapping") from None
    return mapping
