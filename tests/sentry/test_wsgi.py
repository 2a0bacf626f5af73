"""The porch: which door a request comes to."""

import pytest

from sentry.integrations.grpc.application import is_rpc
from sentry.testutils import rpc
from sentry.testutils.client import Client

SERVICE = f"/{rpc.SERVICE}/"


@pytest.mark.parametrize(
    ("path", "content_type", "expected"),
    [
        (f"{SERVICE}GetRepository", "", True),
        (f"/grpc{SERVICE}GetRepository", "", True),
        (f"{SERVICE}", "application/json", True),
        ("/elsewhere", "application/grpc", True),
        ("/elsewhere", "application/grpc-web-text", True),
        ("/elsewhere", "application/connect+json", True),
        ("/elsewhere", "application/json", False),
        ("/", "", False),
        ("/grpc", "", False),
        ("/grpc/", "text/plain", False),
        (SERVICE.rstrip("/"), "", False),
        (f"/api{SERVICE}", "", False),
    ],
)
def test_which_door(path, content_type, expected):
    assert is_rpc({"PATH_INFO": path, "CONTENT_TYPE": content_type}) is expected


def test_a_request_without_path_and_type():
    assert not is_rpc({})


@pytest.mark.django_db
class TestBothDoors:
    def test_rpcs_come_to_theirs(self):
        http = Client().call("POST", f"{SERVICE}GetRepository", data=b"{}")
        assert (http.status_code, http["content-type"]) == (415, "application/json")
        assert http.json()["code"] == "unimplemented"

    def test_all_else_comes_to_django(self):
        http = Client().get("/_health/")
        assert http.status_code == 200
        assert "grpc-status" not in http.headers

    def test_what_is_nowhere(self):
        http = Client().get("/nowhere/")
        assert http.status_code == 404
        assert "code" not in http.content.decode("utf-8")[:20]


def test_the_names_of_the_first_plans():
    from sentry.integrations.grpc.interceptors import AuthenticationInterceptor
    from sentry.integrations.grpc.services import ScmServicer
    from sentry.wsgi import application

    assert callable(application)
    assert ScmServicer() is not None
    assert AuthenticationInterceptor() is not None
