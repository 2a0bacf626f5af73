"""The worked example in ``docs/authentication.md`` is the vector that servers and clients check."""

import hashlib
import hmac
import json

from tests.docs import pages

PAGE = "docs/authentication.md"


def vector() -> dict[str, str]:
    """The vector that the page shows."""
    vectors = json.loads(
        (pages.TOP / "tests/vectors/signature_v1.json").read_text(encoding="utf-8")
    )
    return next(each for each in vectors if each["name"] == "plain")


def test_the_text_that_is_signed_is_the_vectors() -> None:
    assert pages.block(PAGE, "vector: plain").removesuffix("\n") == vector()["canonical"]


def test_the_page_shows_the_secret_the_body_and_the_signature() -> None:
    shown = pages.section(PAGE, "A worked example")
    for part in ("secret", "body_hex", "signature"):
        assert f"{vector()[part]}`" in shown


def test_the_signature_is_the_hmac_of_that_text() -> None:
    text = pages.block(PAGE, "vector: plain").removesuffix("\n").encode()
    digest = hmac.new(vector()["secret"].encode(), text, hashlib.sha256).hexdigest()
    assert vector()["signature"] == f"v1={digest}"
    assert (
        text.decode().splitlines()[-1]
        == hashlib.sha256(bytes.fromhex(vector()["body_hex"])).hexdigest()
    )
