"""Page tokens: ours come back whole, all others are refused."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)

QUERY = ("things", 7, None, "a")
KEYS = st.lists(st.integers() | st.text(st.characters(exclude_categories=["Cs"])), max_size=4)


def refused(query: tuple[object, ...], token: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        decode_page_token(query, token)
    assert refusal.value.field == "page_token"


@given(KEYS)
def test_what_goes_in_comes_out(key: list[int | str]) -> None:
    token = encode_page_token(QUERY, key)
    if len(token) <= 2048:
        assert decode_page_token(QUERY, token) == key
    assert token.isascii()
    assert not set(token) & set("+/=")


def test_the_first_page_has_none() -> None:
    assert decode_page_token(QUERY, "") is None


@given(KEYS, st.data())
def test_a_token_with_another_byte(key: list[int | str], data: st.DataObject) -> None:
    raw = bytearray(_raw(encode_page_token(QUERY, key)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    refused(QUERY, _text(bytes(raw)))


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=80))
def test_what_is_no_token(text: str) -> None:
    refused(QUERY, text)


def test_a_token_belongs_to_its_query() -> None:
    token = encode_page_token(QUERY, ["a", 1])
    for other in (("things", 8, None, "a"), ("things", 7, "None", "a"), ("things", 7, None), ()):
        refused(other, token)
    # a value cannot pass for two others
    refused(("things", "7, None"), encode_page_token(("things", 7, None), [1]))


def test_a_token_of_another_installation(settings) -> None:
    token = encode_page_token(QUERY, [1])
    settings.SECRET_KEY = "another key of another installation"
    refused(QUERY, token)


@pytest.mark.parametrize("token", ["A" * 100_000, "AA", "A", "!!!!", "=", "\x00"])
def test_odd_tokens(token: str) -> None:
    refused(QUERY, token)


def test_a_key_that_someone_made_up() -> None:
    token = encode_page_token(QUERY, [1])
    made_up = _raw(token)[:16] + json.dumps([2]).encode()
    refused(QUERY, _text(made_up))
    refused(QUERY, _text(_raw(token)[:15]))


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
