"""What the service hands out. No secret and no hash of one is among it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from sentry.auth.caller import CallerKind
from sentry.auth.roles import Role


class RpcCredential(BaseModel):
    """A credential that is accepted now. One of ``organization_id`` and ``user_id`` is set."""

    model_config = ConfigDict(frozen=True)

    kind: CallerKind
    id: int
    organization_id: int | None
    user_id: int | None
    scopes: list[str]
    label: str
    expires_at: datetime | None


class RpcMembership(BaseModel):
    """A user's role in an organization."""

    model_config = ConfigDict(frozen=True)

    organization_id: int
    role: Role
