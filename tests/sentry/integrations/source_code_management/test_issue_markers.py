"""Markers that are hidden in issues."""

import pytest

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.issue_markers import split_marker, with_marker


@pytest.mark.parametrize("text", ["", "Text", "Text\n\n", "a <!-- note --> b"])
def test_a_marker_leaves_the_description_as_it_was(text):
    marked = with_marker(text, "m-1_x")
    assert marked.startswith(text)
    assert split_marker(marked) == (text, "m-1_x")
    assert with_marker(text, "") == text
    assert split_marker(text) == (text, "")


def test_a_host_that_ends_lines_its_own_way():
    assert split_marker(with_marker("Text", "m") + "\r\n") == ("Text", "m")


@pytest.mark.parametrize("marker", ["a b", "-->", "x\n", "ä", "--> <b>"])
def test_a_marker_that_could_show_is_refused(marker):
    with pytest.raises(InvalidArgument) as caught:
        with_marker("Text", marker)
    assert caught.value.field == "marker"
