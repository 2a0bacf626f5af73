"""What callers send to make and to change a credential."""

from rest_framework import serializers

from sentry.actions.credentials import LABEL_LIMIT, NAME_LIMIT
from sentry.api.base import Body
from sentry.api.fields import TextField

_CALLED = "What people call it."


class CredentialRequest(Body):
    """A credential to make."""

    name = TextField(
        max_length=NAME_LIMIT, required=False, default="", allow_blank=True, help_text=_CALLED
    )
    scopes = serializers.ListField(
        child=TextField(), help_text="What it may do: nothing that the caller may not."
    )


class CredentialChange(Body):
    """What is to change of a credential; what is left out stays."""

    name = TextField(max_length=NAME_LIMIT, required=False, allow_blank=True)
    scopes = serializers.ListField(child=TextField(), required=False)


class ApiKeyRequest(CredentialRequest):
    """An API key to make."""

    name = TextField(
        max_length=LABEL_LIMIT, required=False, default="", allow_blank=True, help_text=_CALLED
    )


class ApiKeyChange(CredentialChange):
    """What is to change of an API key; what is left out stays."""

    name = TextField(max_length=LABEL_LIMIT, required=False, allow_blank=True)


class ApiTokenRequest(CredentialRequest):
    """A user's token to make."""

    expires_at = serializers.DateTimeField(
        required=False, default=None, allow_null=True, help_text="When it ends; null: never."
    )
