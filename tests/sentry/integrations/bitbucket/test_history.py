"""Numbered pages of histories over links without numbers."""

import subprocess

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.bitbucket.paging import PageLinks
from sentry.integrations.source_code_management.errors import HostUnavailable, NotFound

from .conftest import API_TOKEN, EMAIL, SHOP, Git, integration


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Git:
    """450 commits, every third of which touches one file."""
    git = Git(tmp_path_factory.mktemp("long"))
    git("init", "-q", "-b", "main")
    commits = []
    for number in range(450):
        body = f"{number}\n"
        name = "third.txt" if number % 3 == 0 else "other.txt"
        commits.append(
            f"commit refs/heads/main\nmark :{number + 1}\n"
            f"committer Bob <bob@example.com> {1_700_000_000 + number} +0000\n"
            f"data {len(str(number))}\n{number}\n"
            f"M 100644 inline {name}\ndata {len(body)}\n{body}\n"
        )
    stream = "".join(commits).encode()
    subprocess.run(["git", "-C", str(git.path), "fast-import", "--quiet"], input=stream, check=True)
    return git


@pytest.fixture
def running(long):
    hosted = [HostedRepository(full_name="acme/shop", path=str(long.path))]
    with Emulator("bitbucket", hosted, tokens={API_TOKEN: ("robot",)}) as emulator:
        yield emulator


@pytest.fixture
def installed(running):
    return integration(running.url, email=EMAIL, api_token=API_TOKEN)


def read(installed, sha, page, size, path=""):
    found, more = installed.list_commits(SHOP, sha=sha, path=path, page=page, per_page=size)
    return [commit.sha for commit in found], more


@pytest.mark.parametrize("size", [1, 7, 30, 33, 50, 51, 99, 100])
@pytest.mark.parametrize("path", ["", "third.txt"])
def test_every_page_is_gits(installed, long, size, path):
    head = long.sha("main")
    expected = long.shas(head, "--", path) if path else long.shas(head)
    last = -(-len(expected) // size)
    for page in {1, 2, 3, last - 1, last, last + 1, last + 5} - {0}:
        shas, more = read(installed, head, page, size, path)
        assert shas == expected[(page - 1) * size : page * size], page
        assert more is (page < last), page


def test_one_page_after_the_other_costs_one_request_each(installed, running, long):
    head = long.sha("main")
    costs = []
    for page in range(1, 6):
        running.clear_requests()
        _, more = read(installed, head, page, 100)
        costs.append((len(running.requests), more))
    assert costs == [(1, True)] * 4 + [(1, False)]


def test_pages_beside_each_other_are_one_step(installed, running, long):
    """The second page begins anew, in steps of three; from then on each costs one request."""
    head = long.sha("main")
    costs = []
    for page in range(1, 16):
        running.clear_requests()
        read(installed, head, page, 30)
        costs.append(len(running.requests))
    assert costs == [1] * 15


def test_a_page_out_of_the_blue_is_reached_in_large_steps(installed, running, long):
    head = long.sha("main")
    read(installed, head, 15, 30)
    assert len(running.requests) == 5
    running.clear_requests()
    read(installed, head, 14, 30)
    assert len(running.requests) == 1


def test_no_link_is_put_together(installed, running, long):
    head = long.sha("main")
    read(installed, head, 4, 100)
    asked = [request.query for request in running.requests]
    assert asked[0] == "pagelen=100"
    assert all("ctx=" in query for query in asked[1:])


def test_a_link_that_the_host_forgot(installed, running, long):
    """The history is walked anew from its beginning."""
    head = long.sha("main")
    expected = long.shas(head)
    read(installed, head, 3, 100)
    running.clear_requests()
    body = b'{"type": "error", "error": {"message": "Invalid page"}}'
    running.faults.add(
        Fault(kind="status", status=400, body=body, content_type="application/json", times=1)
    )
    assert read(installed, head, 3, 100) == (expected[200:300], True)
    assert [request.status for request in running.requests] == [400, 200, 200, 200]


def test_a_commit_that_is_not_there(installed):
    with pytest.raises(NotFound):
        read(installed, "f" * 40, 1, 10)


def test_a_link_to_another_host_is_refused(installed, running):
    body = b'{"values": [], "next": "https://evil.example/2.0/x"}'
    fault = Fault(kind="status", status=200, body=body, content_type="application/json")
    running.faults.add(fault)
    with pytest.raises(HostUnavailable, match="another host"):
        read(installed, "f" * 40, 4, 100)
    with pytest.raises(HostUnavailable, match="another host"):
        list(installed.get_repositories())
    with pytest.raises(HostUnavailable, match="another host"):
        installed.get_tree(SHOP, sha="f" * 40, path="", max_entries=9)


def test_links_are_remembered_up_to_a_number():
    links = PageLinks(size=2)
    for name in ("a", "b", "c"):
        links.keep(name, 1, f"link-{name}")
    assert links.nearest("a", 5) == (0, None)
    assert links.nearest("c", 5) == (1, "link-c")
    links.keep("c", 4, "link-4")
    assert links.nearest("c", 3) == (1, "link-c")
    assert links.nearest("c", 9) == (4, "link-4")
    links.forget("c")
    links.forget("none")
    assert links.nearest("c", 9) == (0, None)
