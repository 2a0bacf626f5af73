"""What every provider gives: a provider class, and an installation of it in an organization."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.commit_context import CommitContextIntegration
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.issues import SourceCodeIssueIntegration
from sentry.integrations.source_code_management.repository import (
    BranchIntegration,
    CodeSearchIntegration,
    CommitIntegration,
    ComparisonIntegration,
    FileIntegration,
    MirrorIntegration,
    PullRequestIntegration,
    RepositoryIntegration,
    SourceUrlIntegration,
    TreeIntegration,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    CredentialCheck,
    ProviderKey,
)
from sentry.integrations.source_code_management.webhooks import (
    WebhookIntegration,
    WebhookReceiver,
)

_EXTERNAL_ID_LIMIT = 256

CAPABILITIES: dict[Capability, type[Any]] = {
    Capability.REPOSITORIES: RepositoryIntegration,
    Capability.COMMITS: CommitIntegration,
    Capability.FILES: FileIntegration,
    Capability.BLAME: CommitContextIntegration,
    Capability.ISSUES: SourceCodeIssueIntegration,
    Capability.SOURCE_URLS: SourceUrlIntegration,
    Capability.COMPARISONS: ComparisonIntegration,
    Capability.TREES: TreeIntegration,
    Capability.BRANCHES: BranchIntegration,
    Capability.PULL_REQUESTS: PullRequestIntegration,
    Capability.CODE_SEARCH: CodeSearchIntegration,
    Capability.WEBHOOKS: WebhookIntegration,
    Capability.MIRRORS: MirrorIntegration,
}


class Integration(ABC):
    """An installation: one integration as one organization uses it.

    Its capabilities are the Protocols of ``source_code_management`` that its class fulfils.
    """

    def __init__(self, model: RpcIntegration, organization_id: int) -> None:
        """Binds the integration's record to the organization; makes no request."""
        self.model = model
        self.organization_id = organization_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.model.id} of organization {self.organization_id}>"

    @property
    def metadata(self) -> dict[str, Any]:
        """The integration's decrypted metadata. Never log it."""
        return self.model.metadata

    @abstractmethod
    def get_client(self) -> object:
        """The provider's client, with this installation's credentials."""

    @abstractmethod
    def check_credential(self) -> CredentialCheck:
        """Asks the host whose credential this is, and what it lacks.

        Raises:
            IntegrationBroken: the host refuses it. HostError: the host did not answer.
        """


class IntegrationProvider(ABC):
    """A kind of host. Providers are listed in ``sentry.integrations.registry``.

    Attributes:
        key: the key under which the platform stores it.
        name: what people call it.
        feature: the flag that switches it on ("organizations:integrations-github").
        metadata_model: the shape of ``Integration.metadata``; validated before it is stored.
        installation_class: the class of its installations.
        commit_url_format: a commit's page, from the repository's page ``url`` and its ``sha``.
        unsupported: why the host has no such capability, for each that it lacks.
        codeowners_locations: where the host looks for a CODEOWNERS file, in its order.
        webhook_receiver: reads the host's deliveries.
    """

    key: ClassVar[ProviderKey]
    name: ClassVar[str]
    feature: ClassVar[str]
    metadata_model: ClassVar[type[BaseModel]]
    installation_class: ClassVar[type[Integration]]
    commit_url_format: ClassVar[str] = "{url}/commit/{sha}"
    unsupported: ClassVar[Mapping[Capability, str]] = {}
    codeowners_locations: ClassVar[tuple[str, ...]] = ()
    webhook_receiver: ClassVar[WebhookReceiver | None] = None

    @classmethod
    def get_installation(cls, model: RpcIntegration, organization_id: int) -> Integration:
        """The installation of an integration in an organization."""
        return cls.installation_class(model, organization_id)

    @classmethod
    def capabilities(cls) -> frozenset[Capability]:
        """The capabilities that the installation's class fulfils.

        Blame needs none of the host: git does it, where it can fetch the repository.
        """
        own = frozenset(
            capability
            for capability, protocol in CAPABILITIES.items()
            if issubclass(cls.installation_class, protocol)
        )
        return own | {Capability.BLAME} if Capability.MIRRORS in own else own

    @classmethod
    def reason_against(cls, capability: Capability) -> str:
        """Why the provider has no such capability."""
        return cls.unsupported.get(capability, f"{cls.name} has no such operation here")

    @classmethod
    @abstractmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The identity of an integration with such metadata, unique within the provider.

        It is what can be told without asking the host; see ``external_id_on_host``.
        """

    @classmethod
    def external_id_on_host(cls, metadata: BaseModel, identity: str) -> str:
        """The identity of the account that the host tells of, whatever its token is by now.

        Args:
            metadata: such metadata, with the host's ``base_url``.
            identity: ``CredentialCheck.identity``; where it is "", so is the answer.
        """
        server = cls._server_of(metadata)
        whole = f"{server}:{identity}"
        if len(whole) > _EXTERNAL_ID_LIMIT:
            whole = f"{server}:{digest(identity)}"
        return whole if identity else ""

    @classmethod
    def _server_of(cls, metadata: BaseModel) -> str:
        """What tells the server from others in identities: its host and its port.

        A provider of which one host may serve several adds what tells them apart.
        """
        base_url = metadata.model_dump(include={"base_url"}).get("base_url", "")
        return urlsplit(str(base_url)).netloc.lower()

    @classmethod
    def former_external_ids(cls, metadata: BaseModel, identity: str) -> tuple[str, ...]:
        """The identities that an integration with such metadata may be stored under by now.

        Args:
            metadata: as they were given.
            identity: ``CredentialCheck.identity``; "" where the host was not asked.
        """
        del identity
        return (cls.external_id_of(metadata),)
