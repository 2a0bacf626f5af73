"""What a part of a credential may look like."""

import pytest
from pydantic import TypeAdapter, ValidationError

from sentry.integrations.source_code_management.credential_texts import (
    OAuthClientText,
    OAuthTokenText,
    PasswordText,
    TokenText,
)


@pytest.mark.parametrize(
    ("form", "good", "most"),
    [
        (TokenText, "ghp_a!~", 4096),
        (PasswordText, "pass wörd: x", 4096),
        (OAuthClientText, "client secret", 1024),
        (OAuthTokenText, "a.b-c", 16_384),
    ],
)
def test_the_forms(form, good, most):
    adapter = TypeAdapter(form)
    for text in (good, "x", "x" * most):
        assert adapter.validate_python(text) == text
    for text in ("", "x" * (most + 1), "a\n", "a\nb", "a\x7f", "\x00"):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize("form", [TokenText, OAuthTokenText])
def test_a_token_goes_into_a_header_as_it_is(form):
    for text in ("a b", " a", "ä"):
        with pytest.raises(ValidationError):
            TypeAdapter(form).validate_python(text)
