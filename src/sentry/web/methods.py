"""Which methods a view takes."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

type View = Callable[[HttpRequest], HttpResponse]


def safe_only(view: View) -> View:
    """Answers GET and HEAD, and 405 in JSON to every other method."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request)
        return JsonResponse(
            {"detail": "This address does not take that method."},
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            headers={"Allow": "GET, HEAD"},
        )

    # nothing is written here, and a 403 would only hide the 405
    return csrf_exempt(checked)
