"""Signs requests as another service would, by the scheme of ``sentry.auth.signature``."""

import json
import secrets
import time
from dataclasses import replace
from typing import Any

from sentry.auth.signature import SignedRequest, sign

KEY_ID = "billing"
SECRET = "correct horse battery staple"
METHOD = "/sentry.integrations.scm.v1.ScmService/"
SCOPES = ["repository:read", "repository:write", "event:write"]


def shared_secrets(*keys: str, organizations: Any = "*", key_id: str = KEY_ID) -> str:
    """The value of ``SCM_SHARED_SECRETS`` with one service."""
    entry = {
        "id": key_id,
        "secrets": list(keys or (SECRET,)),
        "scopes": SCOPES,
        "organizations": organizations,
    }
    return json.dumps([entry])


def request_to(method: str, body: bytes, organization_id: int, **fields: Any) -> SignedRequest:
    """A request that is not signed yet; ``fields`` replace what is usual."""
    usual = SignedRequest(
        method="POST",
        path=METHOD + method,
        query="",
        key_id=KEY_ID,
        organization_id=str(organization_id),
        content_type="application/grpc-web+proto",
        encoding="",
        idempotency_key="",
        timestamp=str(int(time.time())),
        nonce=secrets.token_urlsafe(18),
        signature="",
        body=body,
    )
    return replace(usual, **fields)


def signed(request: SignedRequest, secret: str = SECRET) -> SignedRequest:
    """The request with its signature."""
    return replace(request, signature=sign(request, secret))


def headers_of(request: SignedRequest) -> dict[str, str]:
    """The headers by which a signed request is sent; empty ones are left out."""
    named = {
        "x-key-id": request.key_id,
        "x-organization-id": request.organization_id,
        "x-idempotency-key": request.idempotency_key,
        "x-signature-timestamp": request.timestamp,
        "x-signature-nonce": request.nonce,
        "x-signature": request.signature,
    }
    return {name: value for name, value in named.items() if value}
