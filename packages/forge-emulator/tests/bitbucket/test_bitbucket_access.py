"""Credentials of every kind, scopes, limits, faults, what is gone, and git over HTTP."""

import os
import subprocess

import pytest

from forge_emulator import Fault

from .conftest import ACCESS_TOKEN, API_TOKEN, EMAIL, OAUTH_TOKEN, basic, bearer

REPO = "/repositories/acme/shop"
SECRET = "/repositories/acme/secret"


# --- credentials -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 200),
        (basic(EMAIL, API_TOKEN), 200),
        (basic(EMAIL.upper(), API_TOKEN), 200),
        (bearer(ACCESS_TOKEN), 200),
        (bearer(OAUTH_TOKEN), 200),
        (bearer(API_TOKEN), 401),
        (basic("alice@example.com", API_TOKEN), 401),
        (basic("dora", API_TOKEN), 401),
        (basic(EMAIL, ACCESS_TOKEN), 401),
        (basic("x-token-auth", ACCESS_TOKEN), 401),
        (basic(EMAIL, "wrong"), 401),
        ("Basic !", 401),
        ("Digest x", 401),
        ("Bearer", 401),
    ],
)
def test_a_credential_in_its_own_form(emulator, connect, authorization, status):
    answer = connect(emulator, authorization).get(REPO)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {
            "type": "error",
            "error": {"message": "Token is invalid, expired, or not supported for this endpoint."},
        }


def test_an_access_token_is_no_account(emulator, connect):
    client = connect(emulator, bearer(ACCESS_TOKEN))
    assert client.get("/user").status_code == 401
    assert client.get("/user/workspaces").status_code == 401
    assert client.get("/repositories/acme").status_code == 200
    assert connect(emulator, bearer(OAUTH_TOKEN)).get("/user").json()["nickname"] == "dora"
    assert connect(emulator, None).get("/user").status_code == 401


def test_private_repositories(emulator, connect):
    emulator.add_token("ATCTT3x-narrow", "robot", "acme/shop")
    seen = [
        connect(emulator, who).get(SECRET).status_code
        for who in (bearer(ACCESS_TOKEN), bearer("ATCTT3x-narrow"), None)
    ]
    assert seen == [200, 403, 403]


@pytest.fixture
def client_of(emulator, connect):
    """A client with a new token that has one scope."""

    def run(token, granted):
        emulator.add_token(token, "dora", granted)
        return connect(
            emulator, basic(EMAIL, token) if token.startswith("ATATT") else bearer(token)
        )

    return run


@pytest.mark.parametrize(
    ("token", "granted", "path", "required"),
    [
        ("ATATT3x-a", "read:user:bitbucket", REPO, "read:repository:bitbucket"),
        ("ATATT3x-a", "read:user:bitbucket", "/user", None),
        ("ATCTT3x-a", "pullrequest", REPO, None),
        ("ATCTT3x-a", "repository", f"{REPO}/pullrequests", "pullrequest"),
        ("oauth", "repository", f"{REPO}/hooks", "webhook"),
        ("oauth", "account", "/user/workspaces", None),
    ],
)
def test_scopes(client_of, token, granted, path, required):
    client = client_of(token, granted)
    answer = client.get(path)
    assert answer.headers["X-OAuth-Scopes"] == granted
    if required is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 403
    assert answer.json()["error"]["detail"] == {"granted": [granted], "required": [required]}


# --- limits ------------------------------------------------------------------------------------


def test_only_access_tokens_are_told_of_the_limit(start_emulator, connect, clock):
    emulator = start_emulator(rate_limit=5)
    client = connect(emulator, bearer(ACCESS_TOKEN))
    near = [client.get(REPO).headers["X-RateLimit-NearLimit"] for _ in range(5)]
    assert near == ["false", "false", "false", "false", "true"]
    refused = client.get(REPO)
    assert refused.status_code == 429
    assert refused.json()["error"]["message"] == "Rate limit for this resource has been exceeded"
    assert refused.headers["X-RateLimit-Limit"] == "5"
    assert refused.headers["X-RateLimit-Resource"] == "api"
    assert not {"retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"} & set(refused.headers)
    assert client.get(f"{REPO}/hooks").headers["X-RateLimit-Resource"] == "webhooks"
    other = connect(emulator).get(REPO)
    assert other.status_code == 200
    assert "X-RateLimit-Limit" not in other.headers
    clock.move(hours=1)
    assert client.get(REPO).status_code == 200


def test_anonymous_callers_have_less(emulator, connect):
    client = connect(emulator, None)
    answers = [client.get(REPO).status_code for _ in range(61)]
    assert answers.count(429) == 1


def test_a_host_without_limits(start_emulator, connect):
    client = connect(start_emulator(rate_limit=None), bearer(ACCESS_TOKEN))
    assert "X-RateLimit-Limit" not in client.get(REPO).headers


# --- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rate_limit_primary", "rate_limit_secondary"])
def test_a_limit_on_request(emulator, client, kind):
    emulator.faults.add(Fault(kind=kind, times=1))
    assert [client.get(REPO).status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize("status", [202, 400, 404, 410, 429, 503, 555])
def test_a_status_on_request(emulator, client, status):
    emulator.faults.add(Fault(kind="status", status=status, times=1))
    answer = client.get(REPO)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    body = Fault(kind="status", status=status, body=b"<p>", content_type="text/html", times=1)
    emulator.faults.add(body)
    answer = client.get(REPO)
    assert (answer.content, answer.headers["Content-Type"]) == (b"<p>", "text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/repositories",
        "/workspaces",
        "/user/permissions/repositories",
        "/user/permissions/workspaces",
        f"{REPO}/issues",
        f"{REPO}/issues/7/comments",
        f"{REPO}/wiki/Home",
    ],
)
def test_what_is_gone(client, path):
    assert client.get(path).status_code == 410
    assert client.post(path, json={}).status_code == 410


def test_what_never_was(emulator, client, connect):
    assert client.get("/nowhere").status_code == 404
    assert connect(emulator, base="").get("/nowhere").status_code == 404
    assert [each.kind for each in emulator.requests] == ["rest", "other"]


# --- git ---------------------------------------------------------------------------------------


@pytest.fixture
def git(tmp_path):
    def run(*arguments):
        return subprocess.run(
            ["git", *arguments],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C",
            },
        )

    return run


def address(emulator, path, user, password):
    return emulator.url.replace("http://", f"http://{user}:{password}@") + path


@pytest.mark.parametrize(
    ("user", "token", "is_right"),
    [
        ("x-bitbucket-api-token-auth", API_TOKEN, True),
        ("dora", API_TOKEN, True),
        ("dora%40example.com", API_TOKEN, True),
        ("x-token-auth", ACCESS_TOKEN, True),
        ("x-token-auth", OAUTH_TOKEN, True),
        ("x-token-auth", API_TOKEN, False),
        ("x-bitbucket-api-token-auth", ACCESS_TOKEN, False),
        ("x-token-auth", "wrong", False),
        ("eve", API_TOKEN, False),
    ],
)
def test_the_user_says_what_the_password_is(emulator, git, user, token, is_right):
    url = address(emulator, "/acme/secret.git", user, token)
    assert (git("ls-remote", url).returncode == 0) is is_right


def test_a_clone_is_whole(emulator, git, shop):
    url = address(emulator, "/acme/secret.git", "x-token-auth", ACCESS_TOKEN)
    assert git("clone", "-q", "--mirror", url, "copy").returncode == 0
    refs = git("-C", "copy", "for-each-ref", "--format=%(objectname) %(refname)").stdout.decode()
    assert refs.strip() == shop.git("for-each-ref", "--format=%(objectname) %(refname)")


def test_a_refused_partial_clone(emulator, git):
    url = emulator.url + "/acme/shop.git"
    assert b"not recognized" not in git("clone", "--bare", "--filter=blob:none", url, "one").stderr
    emulator.faults.add(Fault(kind="refuse_partial_clone", match="git"))
    assert b"not recognized" in git("clone", "--bare", "--filter=blob:none", url, "two").stderr


def test_git_without_the_right_scope(emulator, git):
    emulator.add_token("ATCTT3x-hooks", "robot", "webhook")
    url = address(emulator, "/acme/secret.git", "x-token-auth", "ATCTT3x-hooks")
    assert b"403" in git("ls-remote", url).stderr
    emulator.faults.add(Fault(kind="status", status=500, match="git"))
    assert b"500" in git("ls-remote", emulator.url + "/acme/shop.git").stderr


def test_pushes_are_refused(emulator, git, connect):
    client = connect(emulator, basic("x-token-auth", ACCESS_TOKEN), base="")
    answer = client.get("/acme/shop.git/info/refs?service=git-receive-pack")
    assert answer.status_code == 403
    assert client.get("/acme/shop.git/HEAD").status_code == 403
    assert client.get("/acme/none.git/info/refs?service=git-upload-pack").status_code == 404
    nobody = connect(emulator, None, base="")
    asked = nobody.get("/acme/shop.git/info/refs?service=git-receive-pack")
    assert (asked.status_code, "WWW-Authenticate" in asked.headers) == (401, True)
