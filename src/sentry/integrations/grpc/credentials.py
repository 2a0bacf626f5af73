"""From the headers of a request to the function that tells who calls."""

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from sentry.auth.authentication import PresentedCredentials, authenticate
from sentry.auth.caller import Caller
from sentry.auth.signature import SignedRequest, check_key, verify
from sentry.integrations.source_code_management.errors import Reason, Unauthenticated


def authenticator(
    environ: WSGIEnvironment, encoding_header: str, read_body: Callable[[], bytes]
) -> Callable[[], Caller]:
    """How to find out who makes this request.

    Args:
        environ: the request as it arrived.
        encoding_header: the header that carries this content type's compression, as WSGI names it.
        read_body: gives the bytes of the body as sent; a signature covers them, no other
            credential needs them.
    """
    api_key = environ.get("HTTP_X_API_KEY", "")
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    signature = environ.get("HTTP_X_SIGNATURE", "")
    if not signature:
        presented = PresentedCredentials(
            api_key=api_key,
            authorization=authorization,
            organization_id=environ.get("HTTP_X_ORGANIZATION_ID", ""),
        )
        return lambda: authenticate(presented)
    if api_key or authorization:
        return _refuse_two

    def verified() -> Caller:
        check_key(_latin1(environ.get("HTTP_X_KEY_ID", "")))
        return verify(signed_request(environ, encoding_header, signature, read_body()))

    return verified


def signed_request(
    environ: WSGIEnvironment, encoding_header: str, signature: str, body: bytes
) -> SignedRequest:
    """What was signed, from the request as it arrived."""
    return SignedRequest(
        method=environ["REQUEST_METHOD"],
        path=_latin1(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")),
        query=_latin1(environ.get("QUERY_STRING", "")),
        key_id=_latin1(environ.get("HTTP_X_KEY_ID", "")),
        organization_id=environ.get("HTTP_X_ORGANIZATION_ID", ""),
        content_type=_latin1(environ.get("CONTENT_TYPE", "")),
        encoding=_latin1(environ.get(encoding_header, "")),
        idempotency_key=_latin1(environ.get("HTTP_X_IDEMPOTENCY_KEY", "")),
        timestamp=environ.get("HTTP_X_SIGNATURE_TIMESTAMP", ""),
        nonce=environ.get("HTTP_X_SIGNATURE_NONCE", ""),
        signature=signature,
        body=body,
    )


def _latin1(text: str) -> str:
    """A WSGI text, which holds bytes as Latin-1, as the UTF-8 that was sent."""
    return text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _refuse_two() -> Caller:
    raise Unauthenticated("more than one credential was given", reason=Reason.CREDENTIAL_INVALID)
