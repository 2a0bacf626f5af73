"""Fields of bodies and queries, with what they refuse in our words."""

from django.core.validators import RegexValidator
from rest_framework import serializers

from sentry.actions.validation import SLUG_PATTERN, SLUG_TEXT


class TextField(serializers.CharField):
    """A text. A number is none."""

    default_error_messages = {
        "invalid": "must be a text",
        "blank": "must not be empty",
        "null": "must not be null",
        "max_length": "must have at most {max_length} characters",
    }

    def to_internal_value(self, data: object) -> str:
        """The text.

        Raises:
            ValidationError: it is something else.
        """
        if not isinstance(data, str):
            self.fail("invalid")
        value: str = super().to_internal_value(data)
        return value


class SlugField(TextField):
    """A name in addresses."""

    def __init__(self, *, max_length: int, required: bool = False, help_text: str = "") -> None:
        """``max_length`` is what the thing that it names has room for."""
        super().__init__(max_length=max_length, required=required, help_text=help_text)
        self.validators.append(RegexValidator(SLUG_PATTERN, SLUG_TEXT))
