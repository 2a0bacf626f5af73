"""Blame through the whole provider, compared with git's own."""

import pytest

from sentry.integrations.source_code_management.types import FileBlameInfo, SourceLineInfo

from .conftest import SHOP


def line(ref: str, path: str, lineno: int) -> SourceLineInfo:
    return SourceLineInfo(lineno=lineno, path=path, ref=ref, repo=SHOP)


def blamed_by_git(git, ref: str, path: str) -> list[str]:
    porcelain = git("blame", "--line-porcelain", ref, "--", path).split("\n")
    starts = [row.split(" ")[0] for row in porcelain if len(row.split(" ")[0]) == 40]
    return [sha for sha in starts if not sha.startswith("\t")]


@pytest.mark.parametrize("path", ["src/cart.py", "crlf.txt", "döc/a b#?%2e.txt", "big.txt"])
def test_every_fact_of_a_line_is_gits_own(installed, shop, path):
    head = shop("rev-parse", "HEAD").strip()
    owners = blamed_by_git(shop, head, path)[:9]
    text = shop("show", f"{head}:{path}").split("\n")
    lines = [line(head, path, number) for number in range(1, len(owners) + 1)]

    results = installed.get_blame_for_files(lines)

    assert len(results) == len(owners) > 0
    for number, (result, sha) in enumerate(zip(results, owners, strict=True), start=1):
        assert isinstance(result, FileBlameInfo)
        assert result.line == lines[number - 1]
        assert result.commit.sha == sha
        assert result.code == text[number - 1].removesuffix("\r")
        facts = shop("show", "-s", "--format=%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert result.commit.author.name == facts[0]
        assert result.commit.author.email == facts[1]
        assert result.commit.committed_at.timestamp() == int(facts[2])
        assert result.commit.message.strip() == facts[3].strip()
        known = facts[1] == "alice@example.com"
        assert result.commit.author.external_id == ("github:alice" if known else "")
