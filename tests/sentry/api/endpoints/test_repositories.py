import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry.models import RepositoryStatus
from sentry.testutils.cases import APITestCase


def cursor_of(response, rel="next"):
    for link in response["link"].split(", <"):
        if f'rel="{rel}"' in link:
            ((results, cursor),) = re.findall(r'results="(\w+)"; cursor="([^"]*)"', link)
            return results, cursor
    raise AssertionError(response["link"])


class KeyCase(APITestCase):
    scopes = ("repository:read",)

    def setUp(self):
        super().setUp()
        _, token = self.create_api_key(self.organization, self.scopes)
        self.headers = {"x-api-key": token}

    def ok(self, *args, **params):
        return self.get_success_response(
            self.organization.slug, *args, headers=self.headers, **params
        )

    def refused(self, *args, status_code, **params):
        return self.get_error_response(
            self.organization.slug, *args, headers=self.headers, status_code=status_code, **params
        )


class OrganizationRepositoriesTest(KeyCase):
    endpoint = "sentry-api-0-organization-repositories"

    def names(self, **params):
        return [item["name"] for item in self.ok(**params).data]

    def test_a_repository_in_full(self):
        integration = self.create_integration(organization=self.organization)
        repo = self.create_repo(
            name="acme/api",
            url="https://github.com/acme/api",
            external_id="77",
            organization_id=self.organization.id,
            integration_id=integration.pk,
            config={"name": "acme/api", "token": 5},
        )
        (item,) = self.ok().data
        assert item.pop("dateCreated").endswith("Z")
        assert item == {
            "id": str(repo.id),
            "name": "acme/api",
            "url": "https://github.com/acme/api",
            "provider": {"id": "integrations:github", "name": "GitHub"},
            "status": "active",
            "integrationId": str(integration.pk),
            "externalSlug": "acme/api",
            "externalId": "77",
        }

    def test_a_repository_without_a_known_provider(self):
        self.create_repo(provider=None, external_id="", organization_id=self.organization.id)
        (item,) = self.ok().data
        assert item["provider"] == {"id": "unknown", "name": "Unknown"}
        assert item["url"] is item["integrationId"] is item["externalId"] is None

    def test_filters(self):
        integration = self.create_integration(organization=self.organization)
        own = self.organization.id
        self.create_repo(name="a/Alpha", integration_id=integration.pk, organization_id=own)
        self.create_repo(name="b/beta", status=RepositoryStatus.DISABLED, organization_id=own)
        self.create_repo(name="c/hidden", status=RepositoryStatus.HIDDEN, organization_id=own)
        self.create_repo(
            name="d/gone", status=RepositoryStatus.PENDING_DELETION, organization_id=own
        )
        self.create_repo(name="e/foreign", organization_id=self.create_organization().id)
        assert self.names() == ["a/Alpha", "b/beta"]
        assert self.names(query="ALPHA") == ["a/Alpha"]
        assert self.names(query="et") == ["b/beta"]
        assert self.names(status="disabled") == ["b/beta"]
        assert self.names(status="hidden") == ["c/hidden"]
        assert self.names(status="") == ["a/Alpha", "b/beta"]
        assert self.names(integration_id=str(integration.pk)) == ["a/Alpha"]
        assert self.names(integrationId=str(integration.pk)) == ["a/Alpha"]

    def test_pages(self):
        for name in "abcde":
            self.create_repo(name=f"x/{name}", organization_id=self.organization.id)
        first = self.ok(per_page="2", query="x/")
        assert cursor_of(first, "previous") == ("false", "")
        results, cursor = cursor_of(first)
        assert results == "true"
        assert "query=x%2F" in first["link"]
        second = self.ok(per_page="2", query="x/", cursor=cursor)
        third = self.ok(per_page="2", query="x/", cursor=cursor_of(second)[1])
        assert cursor_of(third) == ("false", "")
        names = [item["name"] for page in (first, second, third) for item in page.data]
        assert names == [f"x/{name}" for name in "abcde"]

    def test_the_next_link_can_be_followed(self):
        for name in "ab":
            self.create_repo(name=name, organization_id=self.organization.id)
        link = self.ok(per_page="1")["link"]
        (url,) = re.findall(r'<([^>]+)>; rel="next"', link)
        path = url.removeprefix("http://testserver")
        response = self.client.get(path, headers=self.headers)
        assert [item["name"] for item in response.json()] == ["b"]

    def test_bad_queries_are_named(self):
        for params, field in (
            ({"per_page": "0"}, "per_page"),
            ({"per_page": "101"}, "per_page"),
            ({"per_page": "many"}, "per_page"),
            ({"cursor": "nonsense"}, "cursor"),
            ({"cursor": "x" * 5000}, "cursor"),
            ({"status": "deleted"}, "status"),
            ({"integration_id": "-1"}, "integration_id"),
            ({"integration_id": str(2**63)}, "integration_id"),
            ({"query": "x" * 300}, "query"),
            ({"query": "a\x00b"}, "query"),
        ):
            with self.subTest(params):
                data = self.refused(status_code=400, **params).data
                assert set(data) == {"detail", "errors"}
                assert list(data["errors"]) == [field]
                assert data["detail"].startswith(f"{field}: ")

    def test_a_cursor_of_another_query_is_refused(self):
        for name in ("aa1", "aa2"):
            self.create_repo(name=name, organization_id=self.organization.id)
        _, cursor = cursor_of(self.ok(per_page="1"))
        self.refused(status_code=400, per_page="1", cursor=cursor, query="aa")

    def test_the_number_of_statements_does_not_grow(self):
        counts = []
        for _ in range(2):
            for _ in range(5):
                self.create_repo(organization_id=self.organization.id)
            self.ok()
            with CaptureQueriesContext(connection) as captured:
                self.ok()
            counts.append(len(captured))
        assert counts[0] == counts[1] <= 2


class OrganizationRepositoryDetailsTest(KeyCase):
    endpoint = "sentry-api-0-organization-repository-details"

    def test_one_repository(self):
        repo = self.create_repo(name="acme/api", organization_id=self.organization.id)
        assert self.ok(repo.id).data["name"] == "acme/api"

    def test_what_is_not_ours_is_not_found(self):
        foreign = self.create_repo(organization_id=self.create_organization().id)
        gone = self.create_repo(
            organization_id=self.organization.id, status=RepositoryStatus.DELETION_IN_PROGRESS
        )
        for repository_id in (foreign.id, gone.id, 1):
            data = self.refused(repository_id, status_code=404).data
            assert data == {"detail": "repository not found"}

    def test_a_repository_is_not_reached_by_another_organization(self):
        repo = self.create_repo(organization_id=self.organization.id)
        other = self.create_organization()
        _, token = self.create_api_key(other, ["repository:read"])
        for slug in (self.organization.slug, other.slug):
            self.get_error_response(slug, repo.id, status_code=404, headers={"x-api-key": token})

    def test_an_id_that_can_be_none_is_no_address(self):
        for segment in ("0", "-1", "abc", str(2**63), "9" * 40):
            path = f"/api/0/organizations/{self.organization.slug}/repos/{segment}/"
            response = self.client.get(path, headers=self.headers)
            assert response.status_code == 404
            assert response.json() == {"detail": "There is nothing at this address."}


class LinksTest(KeyCase):
    endpoint = "sentry-api-0-organization-repositories"

    def link(self, **changed):
        self.headers["host"] = "evil.example"
        with self.settings(**changed):
            response = self.ok(query="größe")
        return response["link"].partition(">")[0].removeprefix("<")

    def test_they_begin_with_the_operators_prefix(self):
        path = f"/api/0/organizations/{self.organization.slug}/repos/?query=gr%C3%B6%C3%9Fe"
        prefix = "https://errors.example/"
        given = {"SENTRY_URL_PREFIX": prefix, "SENTRY_URL_PREFIX_GIVEN": True}
        assert self.link(ALLOWED_HOSTS=["*"], **given) == f"https://errors.example{path}"
        unset = {"SENTRY_URL_PREFIX_GIVEN": False}
        assert self.link(ALLOWED_HOSTS=["*"], **unset) == f"http://evil.example{path}"
        assert self.link(ALLOWED_HOSTS=["evil.example"], **given) == f"http://evil.example{path}"


class OrganizationRepositoryCommitsTest(KeyCase):
    endpoint = "sentry-api-0-organization-repository-commits"

    def test_commits_newest_first(self):
        repo = self.create_repo(organization_id=self.organization.id)
        author = self.create_commit_author(
            organization_id=self.organization.id, name="Ann", email="ann@example.com"
        )
        old = self.create_commit(repo, message="First", author=author)
        new = self.create_commit(repo, message="Second")
        first, second = self.ok(repo.id).data
        assert first["id"] == new.key
        assert second.pop("dateCreated").startswith("2026-01-01T")
        assert second == {
            "id": old.key,
            "message": "First",
            "pullRequest": None,
            "suspectCommitType": "",
            "author": {"name": "Ann", "email": "ann@example.com"},
        }
        assert first["author"] is None

    def test_pages_and_statements(self):
        repo = self.create_repo(organization_id=self.organization.id)
        keys = [self.create_commit(repo, author=self.create_commit_author()).key for _ in range(5)]
        seen, cursor = [], ""
        self.ok(repo.id)
        while True:
            with CaptureQueriesContext(connection) as captured:
                response = self.ok(repo.id, per_page="2", cursor=cursor)
            assert len(captured) <= 3
            seen += [item["id"] for item in response.data]
            _, cursor = cursor_of(response)
            if not cursor:
                break
        assert seen == keys[::-1]

    def test_a_foreign_repository_is_not_found(self):
        commit = self.create_commit(self.create_repo(organization_id=self.create_organization().id))
        self.refused(commit.repository_id, status_code=404)
