"""What callers send to make and to change a credential."""

from rest_framework import serializers

from sentry.api.base import Body


class CredentialRequest(Body):
    """A credential to make."""

    name = serializers.CharField(
        required=False, default="", allow_blank=True, help_text="What people call it."
    )
    scopes = serializers.ListField(
        child=serializers.CharField(),
        help_text="What it may do: nothing that the caller may not.",
    )


class CredentialChange(Body):
    """What is to change of a credential; what is left out stays."""

    name = serializers.CharField(required=False, allow_blank=True)
    scopes = serializers.ListField(child=serializers.CharField(), required=False)


class ApiTokenRequest(CredentialRequest):
    """A user's token to make."""

    expires_at = serializers.DateTimeField(
        required=False, default=None, allow_null=True, help_text="When it ends; null: never."
    )
