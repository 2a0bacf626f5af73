"""The id of the request at hand."""

from contextvars import copy_context

import pytest

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


@pytest.mark.parametrize("offered", ["a", "0af7651916cd43dd8448eb211c80319c", "A-b_c.9", "x" * 64])
def test_a_well_formed_id_is_kept(offered: str) -> None:
    assert request_id.accepted(offered) == offered


@pytest.mark.parametrize(
    "offered", ["", "x" * 65, "a b", "a\n", "-a", ".", "é", "a=1", "<a>", "a;b", "\x00", "١"]
)
def test_another_one_is_replaced(offered: str) -> None:
    made = request_id.accepted(offered)
    assert made != offered
    assert request_id.accepted(made) == made
    assert request_id.accepted(offered) != made
