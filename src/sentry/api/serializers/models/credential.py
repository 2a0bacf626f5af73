"""Credentials as JSON. A secret is in the answer that made it, and in no other."""

from datetime import datetime
from typing import TypedDict

from sentry.actions.credentials import Credential, NewCredential
from sentry.api.serializers.base import PlainSerializer
from sentry.auth.caller import Caller


class CredentialResponse(TypedDict):
    """A credential without its secret. ``active`` is false for a revoked or an expired one."""

    id: str
    name: str
    lastCharacters: str
    scopes: list[str]
    active: bool
    dateCreated: datetime
    expiresAt: datetime | None


class NewCredentialResponse(CredentialResponse):
    """A new credential with its secret, which cannot be read again."""

    token: str


class CredentialSerializer(PlainSerializer[Credential, CredentialResponse]):
    """A credential, in a list or by itself."""

    def render(self, obj: Credential, user: Caller) -> CredentialResponse:
        """See ``CredentialResponse``."""
        return _credential(obj)


class NewCredentialSerializer(PlainSerializer[NewCredential, NewCredentialResponse]):
    """A credential that was made just now."""

    def render(self, obj: NewCredential, user: Caller) -> NewCredentialResponse:
        """See ``NewCredentialResponse``."""
        return {**_credential(obj.credential), "token": obj.secret}


def _credential(obj: Credential) -> CredentialResponse:
    return {
        "id": str(obj.id),
        "name": obj.label,
        "lastCharacters": obj.ending,
        "scopes": list(obj.scopes),
        "active": obj.active,
        "dateCreated": obj.date_added,
        "expiresAt": obj.expires_at,
    }
