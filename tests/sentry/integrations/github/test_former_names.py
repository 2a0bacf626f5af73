"""A renamed repository: how it is asked for, and how often."""

from collections.abc import Iterator

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.github.integration import GitHubIntegration
from sentry.integrations.github.names import in_repository
from sentry.integrations.github.parse import parse_identifier
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import (
    FileBlameInfo,
    NewIssue,
    RepositoryRef,
    SourceLineInfo,
)
from sentry.testutils.helpers.options import override_options

from .conftest import SHOP, TOKEN, Git, integration

MEANT = RepositoryRef(identifier="acme/shop", external_id="7")
PATHS = ("src/cart.py", "crlf.txt", "empty.txt")


@pytest.fixture
def host(shop: Git, tmp_path) -> Iterator[Emulator]:
    """Has the repository that is meant, and one besides that can take its name."""
    other = Git(tmp_path / "other")
    other.path.mkdir()
    other("init", "-q", "-b", "main")
    other.commit("Another", {"src/cart.py": b"another\n"})
    with Emulator(
        repositories=[
            HostedRepository(full_name="acme/shop", path=shop.path, id=7),
            HostedRepository(full_name="acme/other", path=other.path, id=8),
        ],
        tokens={TOKEN: ("robot",)},
        rate_limit=None,
    ) as running:
        yield running


@pytest.fixture
def installed(host: Emulator) -> GitHubIntegration:
    return integration(host.url, token=TOKEN, web_url=host.url)


def swap(host: Emulator) -> None:
    host.rename_repository("acme/shop", "acme/store")
    host.rename_repository("acme/other", "acme/shop")


def lines(shop: Git) -> list[SourceLineInfo]:
    head = shop("rev-parse", "HEAD").strip()
    return [SourceLineInfo(lineno=1, path=path, ref=head, repo=MEANT) for path in PATHS]


def kinds(answers) -> list[str]:
    return [getattr(each, "resource", type(each).__name__) for each in answers]


def asked(host: Emulator) -> list[str]:
    found = [f"{request.method} {request.path}" for request in host.requests]
    host.clear_requests()
    return found


def test_a_path_goes_by_the_id_where_there_is_one():
    where = in_repository(MEANT, "/commits/{ref}", ref="a/b")
    assert (where.path, where.template) == (
        "/repositories/7/commits/a%2Fb",
        "/repositories/{id}/commits/{ref}",
    )
    assert in_repository(SHOP).path == "/repos/acme/shop"
    assert (
        in_repository(RepositoryRef(identifier="", external_id="7/../8")).path
        == "/repositories/7%2F..%2F8"
    )
    with pytest.raises(InvalidArgument):
        in_repository(RepositoryRef(identifier="acme"))


def test_blame_is_one_query_while_the_name_is_right(installed, host, shop):
    assert kinds(installed.get_blame_for_files(lines(shop)))[:2] == ["FileBlameInfo"] * 2
    assert asked(host) == ["POST /graphql"]
    host.rename_repository("acme/shop", "acme/store")  # GraphQL finds it by its former name
    assert kinds(installed.get_blame_for_files(lines(shop)))[:2] == ["FileBlameInfo"] * 2
    assert asked(host) == ["POST /graphql"]


def test_blame_asks_for_the_name_once_where_another_one_has_it(installed, host, shop):
    swap(host)
    head, first = shop("rev-parse", "HEAD").strip(), lines(shop)[:2]
    many = [
        SourceLineInfo(lineno=1, path=f"no/{number}", ref=head, repo=MEANT) for number in range(12)
    ]
    answers = installed.get_blame_for_files([*first, *many])
    assert kinds(answers) == ["FileBlameInfo"] * 2 + ["file"] * 12
    assert isinstance(answers[0], FileBlameInfo)
    assert answers[0].code == "def total(items):"
    query = "POST /graphql"
    assert asked(host) == [query, "GET /repositories/7", query, query]
    ranges = list(installed.get_file_blame(MEANT, path="src/cart.py", sha=head))
    assert ranges[-1].end == 5


@override_options({"scm.http.max-attempts": 1})
def test_blame_asks_for_the_name_again_where_the_host_failed(installed, host, shop):
    swap(host)
    head = shop("rev-parse", "HEAD").strip()
    many = [
        SourceLineInfo(lineno=1, path=f"no/{number}", ref=head, repo=MEANT) for number in range(23)
    ]
    host.faults.add(Fault(kind="status", status=503, match="/repositories/7", times=1))
    answers = installed.get_blame_for_files([*many, *lines(shop)[:2]])
    failed, others = kinds(answers[:10]), kinds(answers[10:])
    assert failed == ["HostUnavailable"] * 10
    assert others == ["file"] * 13 + ["FileBlameInfo"] * 2
    query, name = "POST /graphql", "GET /repositories/7"
    assert asked(host) == [query, name, query, name, query, query]


def test_blame_of_a_repository_that_is_gone(installed, host, shop):
    host.rename_repository("acme/other", "acme/else")
    host.remove_repository("acme/shop")
    assert kinds(installed.get_blame_for_files(lines(shop))) == ["repository"] * 3
    assert asked(host) == ["POST /graphql", "GET /repositories/7"]
    host.rename_repository("acme/else", "acme/shop")
    assert kinds(installed.get_blame_for_files(lines(shop))) == ["repository"] * 3


def test_git_fetches_by_the_present_name(installed, host):
    assert installed.get_mirror_source(MEANT).url.endswith("/acme/shop.git")
    swap(host)
    assert installed.get_mirror_source(MEANT).url.endswith("/acme/store.git")
    host.remove_repository("acme/store")
    with pytest.raises(NotFound):
        installed.get_mirror_source(MEANT)


def test_issues_are_searched_and_told_under_the_present_name(installed, host):
    swap(host)
    new = NewIssue(repo=MEANT, title="Ours", description="D", marker="m")
    made = installed.create_issue(new)
    assert (made.key, made.metadata["repo"]) == ("acme/store#1", "acme/store")
    installed.create_issue(NewIssue(repo=SHOP, title="Theirs", description="D"))
    assert [each.title for each in host.issues("acme/shop")] == ["Theirs"]
    for query in ("", "D"):
        assert [each.key for each in installed.search_issues(MEANT, query)] == ["acme/store#1"]


def test_a_match_in_another_repository_is_left_out(installed, host, monkeypatch):
    """The name may be taken between the two requests."""
    monkeypatch.setattr(
        type(installed.get_client().repositories),
        "current_name",
        lambda *_: parse_identifier("acme/other"),
    )
    assert installed.search_code(MEANT, query="another", page=1, per_page=9) == ([], False)
    other = RepositoryRef(identifier="acme/other", external_id="8")
    (match,) = installed.search_code(other, query="another", page=1, per_page=9)[0]
    assert match.path == "src/cart.py"
