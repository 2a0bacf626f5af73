"""Model fields of this platform."""

from typing import TYPE_CHECKING, Any

from django.db import models

from sentry.utils.encryption import decrypt_json, encrypt_json

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class EncryptedJSONField(_TextField):
    """A JSON value that is encrypted in the database and plain in Python.

    It cannot be filtered on. Reading with a wrong key raises ``WrongEncryptionKeyError``.
    """

    if TYPE_CHECKING:
        # what django-stubs reads to type a model's attribute
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: object) -> object:
        """The plain value of a column."""
        return None if value is None else decrypt_json(value)

    def get_prep_value(self, value: Any) -> str | None:
        """The column of a plain value."""
        return None if value is None else encrypt_json(value)

    def to_python(self, value: Any) -> Any:
        """Values are plain already."""
        return value
