"""Whose behalf the work at hand is done on."""

import pytest

from sentry.utils.referrer import (
    current_referrer,
    referred_by,
    reset_referrer,
    set_referrer,
)


@pytest.mark.parametrize(
    "value", ["a", "release-bot", "task:sentry.tasks.sync", "api/ui_v2", "7", "x" * 64]
)
def test_a_referrer_is_the_headers_value(value):
    with referred_by(value):
        assert current_referrer() == value
    assert current_referrer() == ""


@pytest.mark.parametrize("value", ["", " ", "-a", "a b", "a\nb", "ü", "x" * 65, "a;b", "a\0"])
def test_other_forms_name_nobody(value):
    with referred_by(value):
        assert current_referrer() == ""


def test_the_one_before_comes_back():
    with referred_by("outer"):
        token = set_referrer("inner")
        assert current_referrer() == "inner"
        reset_referrer(token)
        assert current_referrer() == "outer"
