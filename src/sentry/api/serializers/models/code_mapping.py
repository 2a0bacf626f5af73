"""Code mappings as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from sentry.actions.reading import project_slugs, provider_names, repositories_by_id
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.types import CodeMapping, Repository


class MappingProviderResponse(TypedDict):
    """A kind of host: its key and its name."""

    key: str
    name: str


class CodeMappingResponse(TypedDict):
    """Maps ``stackRoot`` of a project's stack traces to ``sourceRoot`` of a repository."""

    id: str
    projectId: str
    projectSlug: str
    repoId: str
    repoName: str
    integrationId: str | None
    provider: MappingProviderResponse | None
    stackRoot: str
    sourceRoot: str
    defaultBranch: str
    automaticallyGenerated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingAttrs:
    """What a mapping names by id."""

    project_slug: str
    repository_name: str
    provider: MappingProviderResponse | None


class CodeMappingSerializer(Serializer[CodeMapping, MappingAttrs, CodeMappingResponse]):
    """A code mapping, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[CodeMapping], user: Caller, **kwargs: object
    ) -> dict[CodeMapping, MappingAttrs]:
        """The projects' slugs and the repositories, each in one query."""
        slugs = project_slugs(user, {item.project_id for item in item_list})
        repositories = repositories_by_id(user, {item.repository_id for item in item_list})
        names = provider_names()
        return {
            item: _attrs(slugs.get(item.project_id), repositories.get(item.repository_id), names)
            for item in item_list
        }

    def serialize(
        self, obj: CodeMapping, attrs: MappingAttrs, user: Caller, **kwargs: object
    ) -> CodeMappingResponse:
        """See ``CodeMappingResponse``."""
        return {
            "id": str(obj.id),
            "projectId": str(obj.project_id),
            "projectSlug": attrs.project_slug,
            "repoId": str(obj.repository_id),
            "repoName": attrs.repository_name,
            "integrationId": None if obj.integration_id is None else str(obj.integration_id),
            "provider": attrs.provider,
            "stackRoot": obj.stack_root,
            "sourceRoot": obj.source_root,
            "defaultBranch": obj.default_branch,
            "automaticallyGenerated": obj.automatically_generated,
        }


def _attrs(
    project_slug: str | None, repository: Repository | None, names: Mapping[str, str]
) -> MappingAttrs:
    key = repository.provider if repository else None
    return MappingAttrs(
        project_slug=project_slug or "",
        repository_name=repository.name if repository else "",
        provider=None if key is None else {"key": key.value, "name": names.get(key, key.value)},
    )
