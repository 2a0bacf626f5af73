"""The id of the request at hand."""

from contextvars import copy_context

from sentry.utils import request_id


def test_it_is_there_inside_the_block_alone() -> None:
    assert request_id.current() == ""
    with request_id.bound("outer"):
        with request_id.bound("inner"):
            assert request_id.current() == "inner"
        assert request_id.current() == "outer"
    assert request_id.current() == ""


def test_another_context_does_not_see_it() -> None:
    elsewhere = copy_context()
    with request_id.bound("here"):
        assert elsewhere.run(request_id.current) == ""
