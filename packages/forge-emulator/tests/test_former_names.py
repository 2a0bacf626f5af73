"""What became of a repository's former name, and its address by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Builder

TOKEN = "ghp_former"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "User-Agent": "test"}
QUERY = """query($follow: Boolean!) {
  repository(owner: "acme", name: "shop", followRenames: $follow) { databaseId nameWithOwner }
}"""


@pytest.fixture(params=["github", "github_enterprise"])
def host(request: pytest.FixtureRequest, shop: Builder) -> Iterator[tuple[Emulator, str]]:
    """With one repository that was renamed; and the root of its API."""
    hosted = HostedRepository(full_name="acme/shop", path=shop.path, id=1001)
    with Emulator(request.param, [hosted], tokens={TOKEN: ("robot",)}) as running:
        running.rename_repository("acme/shop", "acme/store")
        root = "/api/v3" if request.param == "github_enterprise" else ""
        yield running, f"{running.url}{root}"


def test_a_former_name_is_sent_on_to_the_id(host: tuple[Emulator, str]) -> None:
    _, api = host
    with httpx.Client(headers=HEADERS) as client:
        for rest in ("", "/commits?per_page=1", "/contents/README.md?ref=main"):
            answer = client.get(f"{api}/repos/acme/shop{rest}")
            assert answer.status_code == 301
            assert answer.headers["Location"] == f"{api}/repositories/1001{rest}"
            assert answer.json()["message"] == "Moved Permanently"
        answer = client.post(f"{api}/repos/acme/shop/issues", json={"title": "T"})
        assert answer.status_code == 307
        made = client.post(answer.headers["Location"], json={"title": "T"})
        assert made.json()["repository_url"] == f"{api}/repos/acme/store"


def test_a_name_that_was_taken_is_the_other_ones(host: tuple[Emulator, str], shop: Builder) -> None:
    running, api = host
    other = HostedRepository(full_name="acme/shop", path=shop.path, id=1002)
    running.add_repository(other)
    with httpx.Client(headers=HEADERS) as client:
        assert client.get(f"{api}/repos/acme/shop").json()["id"] == 1002
        assert client.get(f"{api}/repositories/1001").json()["full_name"] == "acme/store"
        assert client.get(f"{api}/repositories/1001/commits").status_code == 200


def test_what_may_not_be_seen_is_not_sent_on(host: tuple[Emulator, str]) -> None:
    running, api = host
    hidden = HostedRepository(
        full_name="acme/secret", path=running.world.repositories.all()[0].git_dir, private=True
    )
    running.add_repository(hidden)
    running.rename_repository("acme/secret", "acme/safe")
    answer = httpx.get(f"{api}/repos/acme/secret", headers={"User-Agent": "test"})
    assert answer.status_code == 404


def test_graphql_finds_it_unless_told_not_to(host: tuple[Emulator, str]) -> None:
    running, api = host
    where = f"{running.url}/api/graphql" if "v3" in api else f"{api}/graphql"
    found = []
    for follow in (True, False):
        body = {"query": QUERY, "variables": {"follow": follow}}
        answer = httpx.post(where, json=body, headers=HEADERS).json()
        found.append((answer.get("data") or {}).get("repository"))
    assert found == [{"databaseId": 1001, "nameWithOwner": "acme/store"}, None]


def test_git_is_sent_on_by_name(host: tuple[Emulator, str]) -> None:
    running, _ = host
    query = "service=git-upload-pack"
    answer = httpx.get(f"{running.url}/acme/shop.git/info/refs?{query}")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{running.url}/acme/store.git/info/refs?{query}"
    assert httpx.get(answer.headers["Location"]).status_code == 200
