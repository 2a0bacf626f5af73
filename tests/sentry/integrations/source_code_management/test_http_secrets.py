"""The session tells nobody its credential, and logs calls without their values."""

import logging

import httpx
import pytest

from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.http_paths import route

from .http_fakes import SECRET, World, ok

WHERE = route("/things/{name}", name="a b")


def get(world: World, **arguments):
    return world.session.get_json(WHERE, resource="thing", **arguments)


def chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.Response(401),
        httpx.Response(403),
        httpx.Response(404),
        httpx.Response(429),
        httpx.Response(500, text=SECRET),
        httpx.Response(302, headers={"location": f"https://evil.example/{SECRET}"}),
        httpx.Response(200, html=f"<p>{SECRET}"),
    ],
    ids=str,
)
def test_no_error_log_or_repr_shows_the_credential(answer, caplog):
    caplog.set_level(logging.DEBUG)
    world = World(answer)
    with pytest.raises(ScmError) as caught:
        get(world).json()
    for error in chain(caught.value):
        assert SECRET not in f"{error!r} {error} {vars(error)}"
        assert getattr(error, "_request", None) is None
    assert SECRET not in repr(world.session)
    assert SECRET not in str([record.__dict__ for record in caplog.records])


def test_a_request_is_logged_without_its_values(caplog):
    caplog.set_level(logging.DEBUG)
    get(World(ok()), query={"q": "private"})
    (record,) = [item for item in caplog.records if item.message == "scm.http.request"]
    facts = record.__dict__
    assert (facts["method"], facts["host"], facts["status"]) == ("GET", "forge.example", 200)
    assert facts["route"] == "/things/{name}"
    assert facts["duration"] >= 0
    assert "private" not in str(facts)
