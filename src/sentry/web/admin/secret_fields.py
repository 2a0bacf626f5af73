"""Which columns are never shown to anybody."""

from typing import Any

from django.db.models import Field, Model

from sentry.db.fields import EncryptedJSONField

_WORDS = ("password", "secret", "token", "hash", "nonce")
# What proves that a run of a task is the record's own.
_CLAIMS = {"claim"}
# The end of a token, by which people tell theirs apart.
_SHOWN = {"token_last_characters"}


def is_secret(field: "Field[Any, Any]") -> bool:
    """Whether the field holds a secret, a hash of one, or what proves a claim."""
    if isinstance(field, EncryptedJSONField):
        return True
    if field.name in _CLAIMS:
        return True
    return field.name not in _SHOWN and any(word in field.name for word in _WORDS)


def shown_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    """The columns of a model that may be shown, in their order."""
    return [field for field in model._meta.concrete_fields if not is_secret(field)]


def secret_names(model: type[Model]) -> list[str]:
    """The names of those that may not."""
    return [field.name for field in model._meta.concrete_fields if is_secret(field)]
