"""A company's own server: other addresses, no limits until they are asked for, its name everywhere."""

import json
import os
from pathlib import Path

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

TOKEN = "ghp_enterprise"


@pytest.fixture
def served(shop):
    def serve(**how):
        repository = HostedRepository(full_name="acme/shop", path=str(shop.path))
        tokens = {TOKEN: ("dora", "repo")}
        return Emulator("github_enterprise", [repository], tokens=tokens, **how)

    return serve


def ask(emulator: Emulator, path: str, *, method: str = "GET", **how) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}", "user-agent": "test"}
    return httpx.request(method, f"{emulator.url}{path}", headers=headers, **how)


def test_its_addresses(served):
    with served() as running:
        found = ask(running, "/api/v3/repos/acme/shop")
        assert found.json()["url"] == f"{running.url}/api/v3/repos/acme/shop"
        assert found.headers["x-github-enterprise-version"].startswith("3.")
        query = {"query": "{ viewer { login } }"}
        told = ask(running, "/api/graphql", method="POST", json=query)
        assert told.json()["data"]["viewer"]["login"] == "dora"
        for path in ("/repos/acme/shop", "/user", "/graphql", "/"):
            assert ask(running, path).status_code == 404, path
        assert ask(running, "/acme/shop.git/info/refs?service=git-upload-pack").is_success
        kinds = {request.path: request.kind for request in running.requests}
        assert (kinds["/user"], kinds["/api/v3/repos/acme/shop"]) == ("other", "rest")


def test_limits_are_off_until_they_are_asked_for(served):
    with served() as running:
        assert "x-ratelimit-limit" not in ask(running, "/api/v3/user").headers
        refused = ask(running, "/api/v3/rate_limit")
        assert (refused.status_code, refused.json()["message"]) == (
            404,
            "Rate limiting is not enabled.",
        )
    with served(rate_limit=7) as limited:
        assert ask(limited, "/api/v3/user").headers["x-ratelimit-limit"] == "7"


def test_what_it_sends_names_it(served):
    with served() as running:
        hook = {"config": {"url": f"{running.url}/nowhere"}, "events": ["push"]}
        made = ask(running, "/api/v3/repos/acme/shop/hooks", method="POST", json=hook)
        assert made.status_code == 201
        (sent,) = running.wait_for_deliveries()
        host = running.url.removeprefix("http://")
        assert sent.headers["x-github-enterprise-host"] == host
        assert sent.headers["x-github-event"] == "ping"


@pytest.mark.contracts
def test_it_keeps_to_its_own_description(served):
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    with served(contracts=Path(folder)) as running:
        repo = "/api/v3/repos/acme/shop"
        for path in (
            "/api/v3/user",
            "/api/v3/user/repos?per_page=1",
            repo,
            f"{repo}/branches",
            f"{repo}/commits?per_page=2",
            f"{repo}/commits/main",
            f"{repo}/compare/main...main",
            f"{repo}/git/trees/main?recursive=1",
            f"{repo}/issues?state=all",
        ):
            assert ask(running, path).is_success, path
        made = ask(running, f"{repo}/issues", method="POST", json={"title": "x"})
        assert made.status_code == 201
        unknown = ask(running, f"{repo}/commits?colour=red")
        assert unknown.is_success
        (problem,) = running.problems
        assert "colour" in json.dumps(str(problem))
