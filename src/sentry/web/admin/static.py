"""The style sheets and scripts of the operators' pages.

They come with Django and are few and small. So each process serves them out of Django's own folder:
nothing has to be collected at installation, no web server has to stand in front, and no other
request pays for it.
"""

from pathlib import Path

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

_FOLDER = str(Path(admin.__file__).parent / "static" / "admin")


@require_safe
def static_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """One file; 304 where the browser has it already.

    Raises:
        Http404: there is no such file in the folder.
    """
    response = serve(request, name, document_root=_FOLDER)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
