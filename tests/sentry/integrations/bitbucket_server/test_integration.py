"""Bitbucket Data Center as a provider: its metadata, capabilities, identity and HTTP."""

import base64
import json
import logging
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import ValidationError

from forge_emulator import Fault
from sentry import options
from sentry.integrations.bitbucket_server.auth import BasicAuth, TokenAuth
from sentry.integrations.bitbucket_server.client import BitbucketServerClient
from sentry.integrations.bitbucket_server.commit_memo import CommitMemo, Shelf
from sentry.integrations.bitbucket_server.dialect import BitbucketServerDialect
from sentry.integrations.bitbucket_server.endpoints import server_endpoints
from sentry.integrations.bitbucket_server.integration import (
    BitbucketServerIntegrationProvider,
    BitbucketServerMetadata,
)
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    Capability,
    CommitInfo,
    RepositoryRef,
)

from .conftest import ODD, SHOP, TOKEN, integration
from .test_parse import COMMIT, REPOSITORY

BASE = "https://bitbucket.example.com"
SECRET = "hunter2hunter2"
LOGIN = {"username": "ann", "password": SECRET}


def test_it_is_registered_and_says_what_the_host_lacks():
    provider = integrations.get("bitbucket_server")
    assert provider is BitbucketServerIntegrationProvider
    lacking = set(Capability) - provider.capabilities()
    assert lacking == {Capability.ISSUES, Capability.CODE_SEARCH} == set(provider.unsupported)
    assert "Jira" in provider.reason_against(Capability.ISSUES)
    assert provider.codeowners_locations == (".bitbucket/CODEOWNERS",)


@pytest.mark.parametrize(
    ("base", "api", "host"),
    [
        (BASE, f"{BASE}/rest/api/latest", "bitbucket.example.com"),
        (f"{BASE}/", f"{BASE}/rest/api/latest", "bitbucket.example.com"),
        (f"{BASE}/git/", f"{BASE}/git/rest/api/latest", "bitbucket.example.com/git"),
        (f"{BASE}/git/rest/api/1.0", f"{BASE}/git/rest/api/latest", "bitbucket.example.com/git"),
        ("http://H:7990/rest/api/latest/", "http://H:7990/rest/api/latest", "h:7990"),
    ],
)
def test_where_a_server_lives(base, api, host):
    metadata = BitbucketServerMetadata(base_url=base, token="t")
    endpoints = metadata.endpoints()
    assert (endpoints.api, endpoints.host) == (api, host)
    assert endpoints.web == endpoints.server
    other = BitbucketServerMetadata(base_url=base, web_url=f"{BASE}/web/", token="t")
    assert other.endpoints().web == f"{BASE}/web"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "t"},
        {"base_url": BASE},
        {"base_url": BASE, "token": "t", "basic": LOGIN},
        {"base_url": BASE, "token": "a b"},
        {"base_url": BASE, "token": ""},
        {"base_url": "ftp://x", "token": "t"},
        {"base_url": f"{BASE}/{'x' * 200}", "token": "t"},
        {"base_url": "https://u:p@x", "token": "t"},
        {"base_url": BASE, "basic": {**LOGIN, "username": "a:b"}},
        {"base_url": BASE, "basic": {**LOGIN, "password": "a\nb"}},
        {"base_url": BASE, "basic": {**LOGIN, "more": SECRET}},
        {"base_url": BASE, "token": "t", "tokn": SECRET},
    ],
)
def test_metadata_that_is_not_accepted(wrong):
    with pytest.raises(ValidationError) as caught:
        BitbucketServerMetadata.model_validate(wrong)
    assert SECRET not in str(caught.value)
    made = integration(BASE)
    made.model.metadata.clear()
    made.model.metadata.update(wrong)
    with pytest.raises(IntegrationBroken):
        made.get_client()


def test_identities_differ_by_server_and_credential():
    makes = [
        {"base_url": BASE, "token": "t"},
        {"base_url": BASE, "token": "u"},
        {"base_url": f"{BASE}/git", "token": "t"},
        {"base_url": BASE, "basic": LOGIN},
        {"base_url": BASE, "basic": {**LOGIN, "username": "bob"}},
    ]
    found = {
        BitbucketServerIntegrationProvider.external_id_of(
            BitbucketServerMetadata.model_validate(each)
        )
        for each in makes
    }
    assert len(found) == len(makes)
    on_host = [
        BitbucketServerIntegrationProvider.external_id_on_host(
            BitbucketServerMetadata.model_validate(each), "user-1"
        )
        for each in makes
    ]
    assert on_host[0] == on_host[1] == on_host[3] == "bitbucket.example.com:user-1"
    assert on_host[2] == "bitbucket.example.com/git:user-1"
    first = BitbucketServerMetadata.model_validate(makes[0])
    assert BitbucketServerIntegrationProvider.external_id_on_host(first, "") == ""


def test_credentials_become_headers_and_show_nowhere():
    token, basic = TokenAuth(SECRET), BasicAuth("änn", SECRET)
    assert token.headers() == {"authorization": f"Bearer {SECRET}"}
    scheme, _, text = basic.headers()["authorization"].partition(" ")
    assert (scheme, base64.b64decode(text).decode()) == ("Basic", f"änn:{SECRET}")
    for auth in (token, basic):
        assert not auth.renew(auth.headers())
        assert SECRET not in f"{auth!r} {auth.identity}"
    assert token.identity != TokenAuth("other").identity
    assert BasicAuth("a", "bc").identity != BasicAuth("ab", "c").identity


# --- HTTP ------------------------------------------------------------------------------------


def test_the_dialect():
    dialect = BitbucketServerDialect()
    answer = HostResponse(status=429, headers={}, body=b"")
    limit = dialect.limit(answer, bucket="", now=0.0)
    assert limit is not None
    assert (limit.seconds, limit.refused) == (1.0, True)
    told = HostResponse(status=429, headers={"retry-after": "7"}, body=b"")
    asked = dialect.limit(told, bucket="", now=0.0)
    assert asked is not None
    assert asked.seconds == 7.0
    assert dialect.limit(HostResponse(status=403, headers={}, body=b""), bucket="", now=0.0) is None
    assert (dialect.quota(answer, now=0.0), dialect.next_page(answer)) == (None, None)
    assert dialect.bucket("/a") == dialect.bucket("/b") == ""


class Time:
    """Seconds that pass by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def client_over(answer, time: Time | None = None) -> BitbucketServerClient:
    time = time or Time()
    runtime = HttpRuntime(
        transport=lambda: httpx.MockTransport(answer), sleep=time.sleep, clock=time
    )
    endpoints = server_endpoints(base_url=BASE, web_url=None)
    auth = TokenAuth(SECRET)
    session = HostSession(
        endpoints.api, auth=auth, dialect=BitbucketServerDialect(), runtime=runtime
    )
    return BitbucketServerClient(session, endpoints, identity=auth.identity)


CALLS = {
    "get_repositories": lambda client: list(client.get_repositories()),
    "get_repository": lambda client: client.get_repository("ACME/shop"),
    "get_branches": lambda client: list(client.get_branches("ACME/shop", query="")),
    "get_commit": lambda client: client.get_commit("ACME/shop", "abcd"),
    "resolve_ref": lambda client: client.resolve_ref("ACME/shop", "main"),
    "list_commits": lambda client: client.list_commits(
        "ACME/shop", sha="a" * 40, path="", page=1, per_page=9
    ),
    "compare_commits": lambda client: client.compare_commits(
        "ACME/shop", base="a" * 40, head="b" * 40, max_commits=9
    ),
    "get_pull_requests": lambda client: client.get_pull_requests("ACME/shop", "a" * 40),
    "get_tree": lambda client: client.get_tree("ACME/shop", sha="main", path="", max_entries=9),
    "get_blame": lambda client: client.get_blame(
        "ACME/shop", path="a", ref="main", first=1, count=9
    ),
    "register_webhook": lambda client: client.register_webhook(
        "ACME/shop", url="https://x", secret=SECRET
    ),
    "check_credential": lambda client: client.check_credential(),
}
FORBIDDEN = {
    "errors": [{"message": "no", "exceptionName": "com.atlassian.bitbucket.AuthorisationException"}]
}
ERRORS = [
    (401, b"<html>sign in</html>", "text/html", IntegrationBroken),
    (401, b'{"errors": []}', "application/json", IntegrationBroken),
    (401, b'{"errors": 1}', "application/json", IntegrationBroken),
    (401, json.dumps(FORBIDDEN).encode(), "application/json", HostForbidden),
    (403, b"{}", "application/json", HostForbidden),
    (404, b"<html>", "text/html", NotFound),
    (409, b"{}", "application/json", HostRejected),
    (410, b"{}", "application/json", NotFound),
    (422, b"{}", "application/json", HostRejected),
    (429, b"{}", "application/json", HostRateLimited),
    (429, b"<html>", "text/html", HostRateLimited),
    (500, b"{}", "application/json", HostUnavailable),
    (502, b"<html>", "text/html", HostUnavailable),
    (503, b"", "application/json", HostUnavailable),
    (200, b"<html>", "text/html", HostUnavailable),
    (200, b'{"values": [', "application/json", HostUnavailable),
    (200, b"", "application/json", HostUnavailable),
    (200, b"[]", "application/json", HostUnavailable),
]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("status", "body", "kind", "error"), ERRORS)
def test_each_answer_becomes_the_right_error(settings, caplog, name, status, body, kind, error):  # noqa: PLR0917
    settings.SCM_ALLOWED_HOSTS = ["bitbucket.example.com"]
    caplog.set_level(logging.DEBUG)
    client = client_over(
        lambda _: httpx.Response(status, content=body, headers={"content-type": kind})
    )
    with pytest.raises(ScmError) as caught:
        CALLS[name](client)
    if not (name == "get_tree" and error is HostRejected):  # a 4xx there: no folder
        assert type(caught.value) is error
    assert SECRET not in f"{caught.value!r} {caught.value} {caplog.text}"
    assert "html" not in str(caught.value)


@pytest.mark.parametrize("name", CALLS)
def test_no_connection_and_no_answer_in_time(settings, name):
    settings.SCM_ALLOWED_HOSTS = ["bitbucket.example.com"]
    for fault in (httpx.ConnectError, httpx.ReadTimeout):

        def fail(request: httpx.Request, fault=fault) -> httpx.Response:
            raise fault("broken", request=request)

        with pytest.raises(HostUnavailable):
            CALLS[name](client_over(fail))


def test_a_refusal_by_the_limit_is_waited_for(settings):
    settings.SCM_ALLOWED_HOSTS = ["bitbucket.example.com"]
    answers = [httpx.Response(429), httpx.Response(200, json=COMMIT)]
    time = Time()
    client = client_over(lambda _: answers.pop(0), time)
    assert client.get_commit("ACME/shop", "a" * 40).sha == "a" * 40
    assert 1.0 <= time.now < options.get_float("scm.http.total-timeout")


@pytest.mark.parametrize("after", [0, -5, 1])
def test_pages_that_do_not_end(settings, after):
    settings.SCM_ALLOWED_HOSTS = ["bitbucket.example.com"]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["start"])
        start = int(asked[-1]) + after
        page = {"values": [REPOSITORY], "isLastPage": False, "nextPageStart": start}
        return httpx.Response(200, json=page)

    client = client_over(answer)
    with pytest.raises(HostUnavailable, match="does not end"):
        list(client.get_repositories())
    assert len(asked) == (2000 if after == 1 else 1)


def test_a_redirect_to_another_host_is_not_followed(installed, emulator):
    emulator.faults.add(Fault(kind="redirect", location="http://127.0.0.2:1/x"))
    with pytest.raises(HostUnavailable):
        installed.get_repository("ACME/shop")
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("kind", ["oversized", "gzip_bomb", "truncated", "drop", "empty", "html"])
def test_an_answer_that_is_none(installed, emulator, kind):
    emulator.faults.add(Fault(kind=kind))
    with pytest.raises(HostUnavailable):
        installed.get_repository("ACME/shop")


# --- links -----------------------------------------------------------------------------------

WEB = "https://bitbucket.example.com/git"
PAGE = f"{WEB}/projects/ACME/repos/shop"
MINE = RepositoryRef(identifier="~ann/own")


@pytest.fixture
def links():
    return integration(BASE, token="t")


@pytest.mark.parametrize("path", ["src/cart.py", ODD, "a%2e/b@c.txt"])
@pytest.mark.parametrize("ref", ["main", "feature/x y", "a" * 40])
@pytest.mark.parametrize("repo", [SHOP, MINE])
def test_links_lead_there_and_back(links, path, ref, repo):
    url = links.format_source_url(repo, path=path, ref=ref)
    assert links.source_url_matches(url)
    assert links.extract_branch_from_source_url(repo, url) == ref
    assert links.extract_source_path_from_source_url(repo, url) == path


def test_the_form_of_links(links):
    url = links.format_source_url(SHOP, path="/a b.py", ref="feature/x")
    assert url == f"{PAGE}/browse/a%20b.py?at=feature%2Fx"
    assert (
        links.format_source_url(MINE, path="a", ref="m")
        == f"{WEB}/users/ann/repos/own/browse/a?at=m"
    )
    assert links.format_commit_url(SHOP, sha="abc") == f"{PAGE}/commits/abc"


@pytest.mark.parametrize(
    ("url", "branch", "path"),
    [
        (f"{PAGE}/browse/a/b.py?at=refs%2Fheads%2Ff%2Fx#12", "f/x", "a/b.py"),
        (f"{PAGE}/browse/a.py?at=refs/tags/v1&blame=true", "v1", "a.py"),
        (f"{PAGE}/raw/a.py", "", "a.py"),
        (f"{WEB}/projects/acme/repos/SHOP/browse/a.py", "", "a.py"),
        (f"{PAGE}/browse", "", ""),
        (f"{PAGE}/commits/abc", "", ""),
        (f"{WEB}/projects/OTHER/repos/shop/browse/a.py?at=main", "", ""),
        (f"{WEB}/projects/ACME/repos/shopping/browse/a.py?at=main", "", ""),
        ("https://bitbucket.example.com/projects/ACME/repos/shop/browse/a.py", "", ""),
        ("https://evil.example.com/git/projects/ACME/repos/shop/browse/a.py", "", ""),
        ("http://[", "", ""),
    ],
)  # fmt: skip
def test_what_is_read_of_a_link(links, url, branch, path):
    assert links.extract_branch_from_source_url(SHOP, url) == branch
    assert links.extract_source_path_from_source_url(SHOP, url) == path
    assert links.source_url_matches(url) == url.startswith(WEB)


def test_a_personal_repository_has_two_pages(links):
    other = f"{WEB}/projects/~ann/repos/own/browse/a.py?at=main"
    assert links.extract_source_path_from_source_url(MINE, other) == "a.py"


# --- what is remembered ----------------------------------------------------------------------


def test_the_memo_keeps_the_commits_last_used():
    memo = CommitMemo(most=2)
    shelf = Shelf(api="a", identity="i", identifier="A/b")

    def commit(sha: str, message: str = "M") -> CommitInfo:
        author = AuthorInfo(name="n", email="e")
        when = datetime(2024, 1, 1, tzinfo=UTC)
        return CommitInfo(sha=sha, message=message, author=author, committed_at=when)

    memo.put(shelf, {"1": commit("1"), "2": commit("2")})
    assert set(memo.get(shelf, ["1"])) == {"1"}
    memo.put(shelf, {"3": commit("3"), "4": commit("4", "x" * 10_000)})
    assert set(memo.get(shelf, ["1", "2", "3", "4"])) == {"1", "3"}
    assert memo.get(Shelf(api="a", identity="other", identifier="A/b"), ["1"]) == {}


def test_no_secret_is_in_the_log_of_requests(emulator, caplog):
    caplog.set_level(logging.DEBUG)
    basic = {"username": "robot", "password": TOKEN}
    for credential in ({"token": TOKEN}, {"basic": basic}):
        made = integration(emulator.url, **credential)
        made.get_repository("ACME/shop")
        assert TOKEN not in f"{made!r} {made.get_client()!r} {vars(made.get_client())!r}"
    encoded = base64.b64encode(f"robot:{TOKEN}".encode()).decode()
    assert not {TOKEN, encoded} & set(caplog.text.split())
