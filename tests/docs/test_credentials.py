"""The table of credentials in operations.md says what the providers take."""

import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.types import ProviderKey

from . import pages

_ROW = re.compile(r"^\| `(\w+)` \| `(\{.*\})`[^|]*\|", re.MULTILINE)
ROWS = _ROW.findall(pages.text("docs/operations.md"))
HOSTS = {
    "github_enterprise": "https://git.example",
    "bitbucket_server": "https://git.example",
    "vsts": "https://dev.azure.com/acme",
}


def test_every_provider_has_its_rows():
    assert {key for key, _ in ROWS} | {"github_enterprise"} == {key.value for key in ProviderKey}


@pytest.mark.parametrize(("key", "shown"), [row for row in ROWS if "{…}" not in row[1]])
def test_a_provider_takes_what_is_shown(key: str, shown: str):
    provider = integrations.find(key)
    if provider is None:
        pytest.skip(f"{key} is not registered")
    metadata: dict[str, Any] = json.loads(shown)
    filled = json.loads(shown.replace("…", "12"))
    if "email" in filled:
        filled["email"] = "robot@example.com"
    if "app" in filled:
        filled["app"]["private_key"] = _pem()
    host = {"base_url": HOSTS[key]} if key in HOSTS else {}
    checked = provider.metadata_model.model_validate({**host, **filled})
    assert metadata.keys() <= checked.model_dump().keys()


def _pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
