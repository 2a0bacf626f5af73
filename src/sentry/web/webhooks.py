"""``/extensions/{provider}/webhook/…``: where hosts deliver.

The body is read as it comes, up to ``webhooks.max-body-bytes``, and never unpacked. Whatever is
wrong with a delivery that could be one, the answer is the same.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from sentry import options
from sentry.integrations.source_code_management.actions.webhook_inbox import Outcome, accept
from sentry.integrations.source_code_management.webhooks import WebhookRequest
from sentry.utils.streams import read_at_most

_ANSWERS = {
    Outcome.STORED: (HTTPStatus.ACCEPTED, "The delivery is stored."),
    Outcome.KNOWN: (HTTPStatus.OK, "The delivery was stored before."),
    Outcome.REFUSED: (
        HTTPStatus.NOT_FOUND,
        "There is no webhook at this address, or it was not signed with its secret.",
    ),
}


@csrf_exempt
def webhook(request: HttpRequest, provider: str, integration_id: str = "") -> HttpResponse:
    """Stores a delivery: 202; 200 where it was there; 404 for everything that is none of ours.

    Without an integration in the address it is an App's, which has one for all installations.
    """
    if request.method != "POST":
        answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED, "This address does not take that method.")
        answer["Allow"] = "POST"
        return answer
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return _answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Bodies are taken as they are signed.")
    most = options.get_int("webhooks.max-body-bytes")
    body = _body(request, most + 1)
    if len(body) > most:
        return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    outcome = accept(
        provider=provider,
        integration_id=int(integration_id) if integration_id else None,
        request=WebhookRequest(headers=headers, body=body),
    )
    return _answer(*_ANSWERS[outcome])


def _body(request: HttpRequest, most: int) -> bytes:
    """The first ``most`` bytes of the body, which may come in chunks.

    Django takes a body without a length for an empty one: it is read from the server then, whose
    input ends where the last chunk does.
    """
    if request.META.get("CONTENT_LENGTH"):
        return request.read(most)
    if not request.headers.get("transfer-encoding"):
        return b""
    return read_at_most(request.META["wsgi.input"], most)


def _answer(status: HTTPStatus, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)
