"""Secrets that programs present: made once, stored as a hash."""

import base64
import hashlib
import json
import secrets
import time

from django.conf import settings

from sentry.types.region import get_local_region

_SECRET_BYTES = 32


def new_token(prefix: str) -> str:
    """A new secret of 256 random bits: the prefix and 64 hex digits."""
    return prefix + secrets.token_hex(_SECRET_BYTES)


def new_organization_token(organization_slug: str) -> str:
    """A new organization token: ``sntrys_<base64 JSON>_<base64 of 256 random bits>``.

    The JSON says where the token belongs (``iat``, ``url``, ``region_url``, ``org``), the form
    that command-line clients read; it is not secret and not trusted here.
    """
    url = settings.SENTRY_URL_PREFIX
    region_url = get_local_region().address or url
    facts = {"iat": time.time(), "url": url, "region_url": region_url, "org": organization_slug}
    payload = base64.b64encode(json.dumps(facts).encode()).decode("ascii")
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii").rstrip("=")
    return f"sntrys_{payload}_{secret}"


def hash_token(token: str) -> str:
    """What is stored of a secret: its SHA-256 in hex; 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
