"""Every relative link of every page leads somewhere."""

import re

import pytest

from tests.docs import pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", pages.text(page), re.MULTILINE)
    plain = [re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", pages.pages())
def test_every_relative_link_resolves(page: str) -> None:
    broken = []
    for link in LINK.findall(pages.text(page)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (pages.TOP / page).parent / path if path else pages.TOP / page
        name = str(target.resolve().relative_to(pages.TOP))
        if not target.exists() or (anchor and anchor not in anchors(name)):
            broken.append(link)
    assert broken == []


def test_there_are_pages_and_links() -> None:
    assert {"README.md", "docs/map.md", "docs/authentication.md"} <= set(pages.pages())
    assert len(LINK.findall(pages.text("README.md"))) > 5
