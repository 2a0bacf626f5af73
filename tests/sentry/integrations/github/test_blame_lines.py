"""Blame through the whole provider, compared with git's own."""

import time
from collections.abc import Sequence

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.github import graphql
from sentry.integrations.github.blame import blame_in_batches
from sentry.integrations.github.parse_blame import BlameAnswer, BlameTarget, TooHeavy
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostGaveUp,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import (
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at

from .conftest import SHOP, TOKEN, integration


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


def test_one_query_asks_for_many_files_and_each_answer_keeps_its_place(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    first = shop("rev-list", "--max-parents=0", "HEAD").strip()
    results = installed.get_blame_for_files(
        [
            line(head, "src/cart.py", 2),
            line(head, "no/such.py", 1),
            line("f" * 40, "src/cart.py", 1),
            line(head, "src", 1),
            line(head, "src/cart.py", 99),
            line(head, "empty.txt", 1),
            line(head, "../cart.py", 1),
            line(head, "src/cart.py", 5),
            line(first, "src/cart.py", 1),
            line("main:src", "cart.py", 1),
        ]
    )
    kinds = [getattr(item, "resource", type(item).__name__) for item in results]
    assert kinds == [
        "FileBlameInfo",
        "file",
        "commit",
        "file",
        "line",
        "line",
        "InvalidArgument",
        "FileBlameInfo",
        "FileBlameInfo",
        "commit",
    ]
    assert results[0].code == "    return sum(items)"
    assert results[7].code == "TAX = 0.2"
    assert results[8].code == "def total():"
    assert results[8].commit.sha == first
    assert [request.kind for request in emulator.requests] == ["graphql"]


def test_files_beyond_ten_take_a_second_query(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    lines = [line(head, f"f{number}", 1) for number in range(20)] + [line(head, "crlf.txt", 2)]
    results = installed.get_blame_for_files(lines)
    assert [type(item).__name__ for item in results] == ["NotFound"] * 20 + ["FileBlameInfo"]
    assert len(emulator.requests) == 3


def test_repositories_are_asked_apart_and_one_that_is_missing_fails_alone(installed, shop):
    head = shop("rev-parse", "HEAD").strip()
    elsewhere = RepositoryRef(identifier="acme/gone")
    odd = RepositoryRef(identifier="../x")
    results = installed.get_blame_for_files(
        [
            SourceLineInfo(lineno=1, path="crlf.txt", ref=head, repo=elsewhere),
            SourceLineInfo(lineno=1, path="crlf.txt", ref=head, repo=odd),
            line(head, "crlf.txt", 1),
        ]
    )
    assert [getattr(item, "resource", type(item).__name__) for item in results] == [
        "repository",
        "InvalidArgument",
        "FileBlameInfo",
    ]


def test_nothing_to_blame_asks_nothing(installed, emulator):
    assert installed.get_blame_for_files([]) == []
    assert emulator.requests == []


def test_a_binary_file_has_no_code(installed, shop):
    head = shop("rev-parse", "HEAD").strip()
    (result,) = installed.get_blame_for_files([line(head, "logo.png", 1)])
    assert isinstance(result, FileBlameInfo)
    assert result.code == ""


def test_a_host_that_fails_altogether_is_an_error_of_the_call(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    lines = [line(head, "crlf.txt", 1), line(head, "src/cart.py", 1)]
    emulator.faults.add(Fault(kind="status", status=500, match="graphql", times=1))
    with pytest.raises(HostUnavailable):
        installed.get_blame_for_files(lines)
    emulator.faults.add(Fault(kind="status", status=401, match="graphql", times=1))
    with pytest.raises(IntegrationBroken):
        installed.get_blame_for_files(lines)


def test_the_graphql_limit_is_told_and_kept(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    emulator.faults.add(Fault(kind="rate_limit_primary", match="graphql", times=1))
    for _ in range(2):
        with pytest.raises(HostRateLimited) as caught:
            installed.get_blame_for_files([line(head, "crlf.txt", 1)])
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 0
    assert len(emulator.requests) == 1
    assert installed.get_commit(SHOP, head).sha == head


def test_what_the_host_gives_up_on_is_asked_in_halves(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    lines = [line(head, path, 1) for path in ("crlf.txt", "src/cart.py", "big.txt")]
    emulator.faults.add(Fault(kind="resource_limits_exceeded", match="graphql", times=1))
    results = installed.get_blame_for_files(lines)
    assert [type(item).__name__ for item in results] == ["FileBlameInfo"] * 3
    assert len(emulator.requests) > 1


@pytest.mark.parametrize("status", [502, 504])
def test_a_query_that_times_out_is_not_sent_again_but_halved(installed, shop, emulator, status):
    head = shop("rev-parse", "HEAD").strip()
    lines = [line(head, path, 1) for path in ("crlf.txt", "src/cart.py")]
    emulator.faults.add(Fault(kind="status", status=status, match="graphql", times=1))
    results = installed.get_blame_for_files(lines)
    assert [type(item).__name__ for item in results] == ["FileBlameInfo"] * 2
    assert [request.status for request in emulator.requests] == [status, 200, 200]
    emulator.clear_requests()
    emulator.faults.add(Fault(kind="status", status=status, match="graphql", times=1))
    assert list(installed.get_file_blame(SHOP, path="crlf.txt", sha=head))
    assert [request.status for request in emulator.requests] == [status, 200]


def test_a_single_file_that_took_the_hosts_time_is_not_asked_for_again(
    installed, shop, emulator, monkeypatch
):
    head = shop("rev-parse", "HEAD").strip()
    emulator.faults.add(Fault(kind="status", status=502, match="graphql"))
    with pytest.raises(HostGaveUp):
        installed.get_blame_for_files([line(head, "crlf.txt", 1)])
    assert len(emulator.requests) == 2  # a gateway that is quick may only have had a bad moment
    emulator.clear_requests()
    monkeypatch.setattr(graphql, "_QUICK", 0.0)
    with pytest.raises(HostGaveUp):
        installed.get_blame_for_files([line(head, "crlf.txt", 1)])
    assert len(emulator.requests) == 1


@override_options({"scm.http.read-timeout": 2.0})
def test_what_hangs_is_asked_in_halves_too(shop):
    """On a host of its own: the query that hangs is noted there when the test is over."""
    head = shop("rev-parse", "HEAD").strip()
    lines = [line(head, path, 1) for path in ("crlf.txt", "src/cart.py")]
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    with Emulator(repositories=hosted, tokens={TOKEN: ("robot",)}) as running:
        running.faults.add(Fault(kind="latency", seconds=4, match="graphql", times=1))
        results = integration(running.url, token=TOKEN).get_blame_for_files(lines)
        asked = [request.path for request in running.requests if request.fault is None]
    assert [type(item).__name__ for item in results] == ["FileBlameInfo"] * 2
    assert asked == ["/graphql"] * 2


class TestTimeForAnotherWay:
    """GitHub takes ten seconds for each query that it gives up."""

    def ask(self, seconds_left: float, files: int) -> tuple[list[int], list[object]]:
        """The sizes of the queries, and the answers."""
        clock, sizes = [0.0], []

        def too_heavy(part: Sequence[BlameTarget]) -> list[BlameAnswer]:
            clock[0] += 10
            sizes.append(len(part))
            return [TooHeavy()] * len(part)

        targets = [BlameTarget(path=f"f{number}", ref="a" * 40) for number in range(files)]
        with deadline_at(time.monotonic() + seconds_left):
            answers = blame_in_batches(targets, too_heavy, clock=lambda: clock[0])
        return sizes, list(answers)

    @pytest.mark.parametrize(
        ("seconds_left", "sizes"),
        [(14, [4]), (60, [4, 2, 1, 1, 2, 1, 1])],
    )
    def test_halves_are_asked_for_while_there_is_time(self, seconds_left, sizes):
        asked, answers = self.ask(seconds_left, 4)
        assert asked == sizes
        assert [type(answer) for answer in answers] == [HostGaveUp] * 4

    def test_a_host_that_gives_everything_up_is_not_asked_for_a_second_batch(self):
        asked, answers = self.ask(3600, 30)
        assert asked.count(10) == 1
        assert asked.count(1) == 10
        assert [type(answer) for answer in answers] == [HostGaveUp] * 30

    @pytest.mark.parametrize(
        ("sixth", "asked"), [(NotFound("file"), 14), (HostUnavailable("none"), 11)]
    )
    def test_an_answer_speaks_for_the_others_and_an_error_of_the_host_does_not(self, sixth, asked):
        alone = []

        def heavy_but_for_one(part: Sequence[BlameTarget]) -> list[BlameAnswer]:
            if len(part) > 1:
                return [TooHeavy()] * len(part)
            alone.append(part[0].path)
            return [sixth if part[0].path == "f5" else TooHeavy()]

        targets = [BlameTarget(path=f"f{number}", ref="a" * 40) for number in range(14)]
        answers = blame_in_batches(targets, heavy_but_for_one)
        assert alone == [target.path for target in targets[:asked]]
        assert answers[5] is sixth
        others = answers[:5] + answers[6:]
        assert [type(answer) for answer in others] == [HostGaveUp] * 13

    def test_the_first_question_is_always_asked(self):
        asked, answers = self.ask(1, 12)
        assert asked == [10]
        assert [type(answer) for answer in answers] == [HostGaveUp] * 12


def test_a_whole_file_is_blamed_in_order(installed, shop):
    head = shop("rev-parse", "HEAD").strip()
    ranges = list(installed.get_file_blame(SHOP, path="src/cart.py", sha=head))
    owners = blamed_by_git(shop, head, "src/cart.py")
    assert [item.commit.sha for item in ranges for _ in item.lines] == owners
    text = shop("show", f"{head}:src/cart.py")
    assert [text_line for item in ranges for text_line in item.lines] == text.rstrip("\n").split(
        "\n"
    )
    assert [item.start for item in ranges] == [1, *[item.end + 1 for item in ranges[:-1]]]
    assert list(installed.get_file_blame(SHOP, path="empty.txt", sha=head)) == []


@pytest.mark.parametrize(
    ("path", "kind"), [("no/such", NotFound), ("a/../b", InvalidArgument), ("", InvalidArgument)]
)
def test_a_whole_file_that_is_not_there(installed, shop, path, kind):
    head = shop("rev-parse", "HEAD").strip()
    with pytest.raises(kind):
        list(installed.get_file_blame(SHOP, path=path, sha=head))


def test_a_cut_text_that_cannot_be_read_fails_at_its_place(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    emulator.faults.add(Fault(kind="status", status=403, match="/contents/"))
    large, small = installed.get_blame_for_files(
        [line(head, "big.txt", 1), line(head, "crlf.txt", 1)]
    )
    assert isinstance(large, HostForbidden)
    assert isinstance(small, FileBlameInfo)
