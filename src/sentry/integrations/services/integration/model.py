"""What the service hands out."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class RpcIntegration(BaseModel):
    """An integration with its credentials. ``metadata`` is kept out of every repr.

    See ``sentry.models.Integration`` for what the last four say; times are in UTC.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    provider: str
    external_id: str
    name: str
    status: int
    metadata: dict[str, Any] = Field(repr=False)
    credential_version: int = 0
    broken_reason: str | None = None
    broken_at: datetime | None = None
    probe_at: datetime | None = None


class RpcOrganizationIntegration(BaseModel):
    """An integration as an organization uses it."""

    model_config = ConfigDict(frozen=True)

    id: int
    organization_id: int
    integration_id: int
    status: int
    config: dict[str, Any] = Field(repr=False)


class RpcInstalledIntegration(BaseModel):
    """Both together, read in one query."""

    model_config = ConfigDict(frozen=True)

    integration: RpcIntegration
    organization_integration: RpcOrganizationIntegration


class RpcBrokenIntegration(BaseModel):
    """An integration whose credential the host rejects, without that; ``since`` is in UTC."""

    model_config = ConfigDict(frozen=True)

    organization_id: int
    integration_id: int
    provider: str
    name: str
    reason: str
    since: datetime


class RpcCredentialTurn(BaseModel):
    """Whose turn it is to renew an integration's credential, with the metadata as stored now.

    ``mine`` says that the one who asked has the turn; else another one is at it.
    """

    model_config = ConfigDict(frozen=True)

    metadata: dict[str, Any] = Field(repr=False)
    mine: bool
