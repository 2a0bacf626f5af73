"""Every job of make that a page names is there."""

import re

import pytest

from tests.docs import pages

JOBS = set(re.findall(r"^([a-z-]+):", pages.text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("page", pages.pages())
def test_every_job_that_a_page_names_is_one_of_make(page: str) -> None:
    named = re.findall(r"(?:^ *|`|FORCE=1 )make ([a-z-]+)", pages.text(page), re.MULTILINE)
    assert set(named) - JOBS == set()


def test_pages_name_jobs() -> None:
    assert "`make reset-db`" in pages.text("docs/development.md")
    assert {"develop", "reset-db", "lint", "test"} <= JOBS
