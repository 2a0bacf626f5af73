"""Blame of lines and of whole files, compared with git's own."""

import itertools

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.bitbucket_server import line_blame
from sentry.integrations.source_code_management.errors import (
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

from .conftest import ODD, SHOP, TOKEN, Git, integration

FILES = ["src/basket.py", "crlf.txt", ODD, "long.txt"]


def question(path: str, lineno: int, ref: str, repo: RepositoryRef = SHOP) -> SourceLineInfo:
    return SourceLineInfo(lineno=lineno, path=path, ref=ref, repo=repo)


def asked(emulator: Emulator, part: str) -> list[str]:
    return [request.path for request in emulator.requests if part in request.path]


def test_lines_are_blamed_as_git_does(installed, emulator, shop):
    head = shop.id("main")
    told = {path: shop.blame(path) for path in FILES}
    lines = [
        question(path, number, head)
        for path in FILES
        for number in sorted({1, 2, 3, len(told[path])})
        if number <= len(told[path]) and (path != "long.txt" or number < 5000)
    ]
    answers = installed.get_blame_for_files(lines)
    for line, answer in zip(lines, answers, strict=True):
        assert isinstance(answer, FileBlameInfo), answer
        assert answer.line is line
        sha, text = told[line.path][line.lineno - 1]
        assert (answer.commit.sha, answer.code) == (sha, text)
        assert answer.commit == installed.get_commit(SHOP, sha)
    assert len(asked(emulator, "/browse/")) == len(FILES)


def test_what_is_known_of_a_commit_is_not_asked_again(installed, emulator, shop):
    lines = [question("src/basket.py", number, shop.id("main")) for number in (1, 2, 5)]
    first = installed.get_blame_for_files(lines)
    assert len(asked(emulator, "/browse/")) == 1
    assert len(asked(emulator, "/commits/")) == 2  # two commits
    emulator.clear_requests()
    assert installed.get_blame_for_files(lines) == first
    assert len(emulator.requests) == 1
    reader = integration(emulator.url, token="BBDC-reader")
    emulator.clear_requests()
    assert reader.get_blame_for_files(lines) == first
    assert len(emulator.requests) == 3


@pytest.fixture
def many(tmp_path):
    """A file each of whose thirty lines is another commit's."""
    git = Git(tmp_path)
    git("init", "-q", "-b", "main")
    for number in range(30):
        content = b"".join(b"%d\n" % n for n in range(number + 1))
        git.commit(f"Line {number}", {"many.txt": content, f"other{number}.txt": b"x\n"})
    return git


def test_many_commits_are_looked_for_in_the_files_history(many):
    hosted = HostedRepository(full_name="ACME/many", path=many.path)
    repo = RepositoryRef(identifier="ACME/many")
    questions = [question("many.txt", n, many.id("main"), repo) for n in range(1, 31)]
    with Emulator(
        "bitbucket_server", [hosted], tokens={TOKEN: ("robot",)}, rate_limit=None
    ) as running:
        answers = integration(running.url, token=TOKEN).get_blame_for_files(questions)
        messages = [each.commit.message for each in answers if isinstance(each, FileBlameInfo)]
        assert messages == [f"Line {n}" for n in range(30)]
        assert len(running.requests) == 2
        running.faults.add(Fault(kind="status", status=400, match="/commits", times=1))
        with_login = integration(running.url, basic={"username": "robot", "password": TOKEN})
        running.clear_requests()
        assert with_login.get_blame_for_files(questions[:5]) == answers[:5]
        assert len(running.requests) == 7  # the history was refused: one by one


def test_lines_further_apart_than_a_page(installed, emulator, shop):
    told, head = shop.blame("long.txt"), shop.id("main")
    numbers = [2, 4999, 5001, 5002, len(told), 1]
    answers = installed.get_blame_for_files([question("long.txt", n, head) for n in numbers])
    assert [(a.commit.sha, a.code) for a in answers] == [told[n - 1] for n in numbers]
    queries = [request.query for request in emulator.requests if "/browse/" in request.path]
    assert [query.partition("start=")[2] for query in queries] == [
        "0&limit=4999",
        "5000&limit=201",
    ]


@pytest.mark.parametrize(
    ("path", "page"),
    [
        *itertools.product(["src/basket.py", "crlf.txt", ODD, "src/checkout.py"], [1, 3, 5000]),
        ("empty.txt", 5000),
        ("long.txt", 900),
        ("long.txt", 5000),
    ],
)
def test_a_whole_file(installed, emulator, shop, path, page):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blame, "_LINES", page)
        _compare_whole_file(installed, emulator, shop, path, page)


def _compare_whole_file(installed, emulator, shop, path, page):
    told = shop.blame(path)
    ranges = list(installed.get_file_blame(SHOP, path=path, sha=shop.id("main")))
    assert [(each.commit.sha, line) for each in ranges for line in each.lines] == told
    ends = [0, *(each.end for each in ranges)]
    assert [each.start for each in ranges] == [end + 1 for end in ends[:-1]]
    assert ends[-1] == len(told)
    for one, other in itertools.pairwise(ranges):
        assert one.commit.sha != other.commit.sha  # no page's edge cuts a range
    assert len(asked(emulator, "/browse/")) == max(1, -(-len(told) // page))


def test_a_renamed_file_is_followed(installed, shop):
    ranges = list(installed.get_file_blame(SHOP, path="src/basket.py", sha=shop.id("main")))
    assert {each.commit.sha for each in ranges} == {sha for sha, _ in shop.blame("src/basket.py")}
    assert shop.id("main~3") not in {each.commit.sha for each in ranges}


def test_a_binary_file_has_commits_and_no_text(installed, emulator, shop):
    head = shop.id("main")
    (answer,) = installed.get_blame_for_files([question("logo.png", 1, head)])
    assert (answer.commit.sha, answer.code) == (shop.id("main~4"), "")
    ranges = list(installed.get_file_blame(SHOP, path="logo.png", sha=head))
    assert [(each.start, each.end, set(each.lines)) for each in ranges] == [(1, 2, {""})]


def test_one_lines_trouble_is_not_anothers(installed, shop, emulator):
    head = shop.id("main")
    lines = [
        question("src/basket.py", 99, head),
        question("no/such", 1, head),
        question("src", 1, head),
        question("src/basket.py", 1, "f" * 40),
        question("src/basket.py", 1, "main~1"),
        question("src/basket.py", 1, ""),
        question("../x", 1, head),
        question("a\\b", 1, head),
        question("src/basket.py", 1, head, RepositoryRef(identifier="ACME/gone")),
        question("src/basket.py", 1, head, RepositoryRef(identifier="nonsense")),
        question("empty.txt", 1, head),
        question("src/basket.py", 1, head),
    ]
    *failed, good = installed.get_blame_for_files(lines)
    assert [type(error) for error in failed] == [
        *[NotFound] * 6, InvalidArgument, InvalidArgument, NotFound, InvalidArgument, NotFound,
    ]  # fmt: skip
    resources = [error.resource for error in failed if isinstance(error, NotFound)]
    assert resources == ["line", "file", "file", *["commit"] * 3, "file", "line"]
    assert isinstance(good, FileBlameInfo)


def test_a_commit_that_cannot_be_had_is_its_lines_trouble(installed, emulator, shop):
    told, head = shop.blame("src/basket.py"), shop.id("main")
    emulator.faults.add(Fault(kind="status", status=500, match=f"/commits/{told[1][0]}"))
    first, second = installed.get_blame_for_files(
        [question("src/basket.py", number, head) for number in (1, 2)]
    )
    assert isinstance(first, FileBlameInfo)
    assert isinstance(second, HostUnavailable)
    with pytest.raises(HostUnavailable):
        list(installed.get_file_blame(SHOP, path="src/basket.py", sha=head))


def test_nothing_at_all_could_be_asked(installed, emulator, shop):
    lines = [question(path, 1, shop.id("main")) for path in FILES]
    with pytest.raises(IntegrationBroken):
        integration(emulator.url, token="wrong").get_blame_for_files(lines)
    emulator.faults.add(Fault(kind="rate_limit_primary", match="/browse/"))
    with (
        override_options({"scm.http.max-attempts": 1}),
        pytest.raises(HostRateLimited) as caught,
    ):
        installed.get_blame_for_files(lines)
    assert caught.value.retry_after is not None
    assert emulator.requests[-1].status == 429
    assert [request.status for request in emulator.requests].count(429) == 1


def test_what_was_answered_before_the_limit_is_kept(installed, emulator, shop):
    lines = [question(path, 1, shop.id("main")) for path in FILES]
    emulator.faults.add(Fault(kind="rate_limit_primary", match=f"/browse/{FILES[1]}"))
    with override_options({"scm.http.max-attempts": 1}):
        first, *others = installed.get_blame_for_files(lines)
    assert isinstance(first, FileBlameInfo)
    assert [type(each) for each in others] == [HostRateLimited] * 3
    assert len(asked(emulator, "/browse/")) == 2


def test_commits_are_not_asked_for_once_the_limit_is_used_up(installed, emulator, shop):
    lines = [question("src/basket.py", number, shop.id("main")) for number in (1, 2, 5)]
    emulator.faults.add(Fault(kind="rate_limit_primary", match="/commits/"))
    with override_options({"scm.http.max-attempts": 1}), pytest.raises(HostRateLimited):
        installed.get_blame_for_files(lines)
    assert len(asked(emulator, "/commits/")) == 1


def test_no_questions_no_requests(installed, emulator):
    assert installed.get_blame_for_files([]) == []
    assert emulator.requests == []


@pytest.mark.parametrize("path", ["no/such", "src"])
def test_a_file_that_is_none(installed, shop, path):
    with pytest.raises(NotFound):
        list(installed.get_file_blame(SHOP, path=path, sha=shop.id("main")))


def test_pages_that_do_not_go_on(installed, emulator, shop):
    page = b'{"lines": [], "blame": [], "start": 0, "isLastPage": false, "nextPageStart": 0}'
    emulator.faults.add(
        Fault(kind="status", status=200, body=page, content_type="application/json")
    )
    with pytest.raises(HostUnavailable, match="does not end"):
        list(installed.get_file_blame(SHOP, path="crlf.txt", sha="a" * 40))
    with pytest.raises(HostUnavailable, match="did not blame"):
        installed.get_blame_for_files([question("crlf.txt", 1, "a" * 40)])
