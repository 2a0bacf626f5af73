"""ListRepositories and GetRepository through the door: filters, pages, and what is never shown."""

import base64

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import RepositoryStatus
from sentry.testutils.cases import TestCase
from sentry.testutils.rpc import RpcStatus

ACTIVE = scm_pb2.REPOSITORY_STATUS_ACTIVE
DISABLED = scm_pb2.REPOSITORY_STATUS_DISABLED
HIDDEN = scm_pb2.REPOSITORY_STATUS_HIDDEN


class ListCase(TestCase):
    def setUp(self):
        super().setUp()
        _, self.token = self.create_api_key(self.organization)

    def make(self, *names, **fields):
        fields.setdefault("organization_id", self.organization.id)
        return [self.create_repo(name=name, **fields) for name in names]

    def ask(self, token=None, **fields):
        request = scm_pb2.ListRepositoriesRequest(**fields)
        return self.rpc("ListRepositories", request, token=token or self.token)

    def names(self, **fields):
        return [repo.name for repo in self.ask(**fields).response.repositories]

    def assert_invalid(self, field, **fields):
        answer = self.ask(**fields)
        assert answer.status is RpcStatus.INVALID_ARGUMENT, fields
        assert answer.message.startswith(f"{field}: ")
        from google.rpc import error_details_pb2

        (violation,) = answer.detail(error_details_pb2.BadRequest).field_violations
        assert violation.field == field
        assert f"{field}: {violation.description}" == answer.message


class TestFilters(ListCase):
    def test_organization(self):
        self.make("mine")
        foreign = self.create_organization()
        self.make("theirs", organization_id=foreign.id)

        assert self.names() == ["mine"]
        assert self.names(organization_id=self.organization.id) == ["mine"]
        for other in (foreign.id, 1, 2**63 - 1):
            answer = self.ask(organization_id=other)
            assert answer.status is RpcStatus.NOT_FOUND
            assert answer.message == "organization not found"
        self.assert_invalid("organization_id", organization_id=-1)

    def test_status(self):
        for status in RepositoryStatus:
            self.make(f"repo-{status.value}", status=status)

        assert self.names() == ["repo-0", "repo-1"]
        assert self.names(status=ACTIVE) == ["repo-0"]
        assert self.names(status=DISABLED) == ["repo-1"]
        assert self.names(status=HIDDEN) == ["repo-4"]
        for unknown in (4, 99, -1):
            self.assert_invalid("status", status=unknown)

    def test_provider(self):
        for key in ("github", "gitlab", "vsts", "bitbucket", "bitbucket_server"):
            self.make(key, provider=key)
        self.make("enterprise", provider="github_enterprise")
        self.make("plain", provider=None)

        assert self.names(provider=scm_pb2.PROVIDER_AZURE_DEVOPS) == ["vsts"]
        assert self.names(provider=scm_pb2.PROVIDER_GITHUB_ENTERPRISE) == ["enterprise"]
        assert len(self.names()) == 7
        for unknown in (7, 99, -1):
            self.assert_invalid("provider", provider=unknown)

    def test_providers_are_told(self):
        for key in ("github", "vsts"):
            self.make(key, provider=key)
        self.make("plain", provider=None, external_id="")

        told = {one.name: one.provider for one in self.ask().response.repositories}

        assert told == {
            "github": scm_pb2.PROVIDER_GITHUB,
            "plain": scm_pb2.PROVIDER_UNSPECIFIED,
            "vsts": scm_pb2.PROVIDER_AZURE_DEVOPS,
        }

    def test_query(self):
        self.make("acme/Alpha", "acme/beta", "größe/straße", 'quo"te', "100%_sure", "back\\slash")
        expected = {
            "ALPHA": ["acme/Alpha"],
            "acme": ["acme/Alpha", "acme/beta"],
            "me/b": ["acme/beta"],
            "RÖSS": [],
            "öße": ["größe/straße"],
            '"te': ['quo"te'],
            'o"t': ['quo"te'],
            "0%_": ["100%_sure"],
            "%": ["100%_sure"],
            "_": ["100%_sure"],
            "k\\s": ["back\\slash"],
            "al": ["acme/Alpha"],
            "L": ["acme/Alpha", "back\\slash"],
            "nothing": [],
            "' OR 1=1 --": [],
            "alpha OR beta": [],
            "alpha*": [],
            "name:alpha": [],
        }
        for query, names in expected.items():
            assert sorted(self.names(query=query)) == sorted(names), query

    def test_the_case_of_letters_beyond_ascii(self):
        self.make("Ümläut/ÅNGSTRÖM")
        for query in ("ümläut", "ÜMLÄUT", "ångström"):
            assert self.names(query=query) == ["Ümläut/ÅNGSTRÖM"], query

    def test_a_query_with_filters_is_paged(self):
        self.make(*[f"shop-{number}" for number in range(4)])
        self.make("shop-x", provider="gitlab")
        got = self.pages(query="shop", provider=scm_pb2.PROVIDER_GITHUB, page_size=3)
        assert [len(page) for page in got] == [3, 1]

    def test_queries_that_can_never_work(self):
        self.assert_invalid("query", query="x" * 201)
        self.assert_invalid("query", query="a\0b")

    def pages(self, **fields):
        pages: list[list[str]] = []
        token = ""
        while not pages or token:
            answer = self.ask(page_token=token, **fields).response
            pages.append([one.name for one in answer.repositories])
            token = answer.next_page_token
        return pages


class TestPages(ListCase):
    def test_sizes(self):
        self.make(*[f"r{number:04}" for number in range(103)])
        assert len(self.names(page_size=0)) == 100
        assert len(self.names(page_size=2**31 - 1)) == 103
        assert len(self.names(page_size=1)) == 1
        self.assert_invalid("page_size", page_size=-1)
        self.assert_invalid("page_size", page_size=-(2**31))

    @pytest.mark.slow
    def test_a_page_has_at_most_a_thousand(self):
        from sentry.models import Repository

        row = self.make("r")[0]
        Repository.objects.bulk_create(
            [
                Repository(
                    organization_id=row.organization_id,
                    name=f"r{number:04}",
                    external_id=f"e{number}",
                    provider=row.provider,
                )
                for number in range(1001)
            ]
        )
        first = self.ask(page_size=5000).response
        assert len(first.repositories) == 1000
        rest = self.ask(page_size=5000, page_token=first.next_page_token).response
        assert len(rest.repositories) == 2
        assert rest.next_page_token == ""

    def test_the_order_is_name_then_id(self):
        rows = self.make("same", "same", "Other", "a", "same")
        got = [one.id for one in self.ask(page_size=10).response.repositories]
        assert got == [row.id for row in sorted(rows, key=lambda row: (row.name, row.id))]

    def test_rows_that_come_and_go_between_pages(self):
        first, *_ = self.make("a", "b", "c", "d")
        page = self.ask(page_size=2).response
        first.delete()
        self.make("aa", "cc")
        rest = self.ask(page_size=10, page_token=page.next_page_token).response
        assert [one.name for one in rest.repositories] == ["c", "cc", "d"]

    def test_a_page_of_another_size_may_follow(self):
        self.make("a", "b", "c")
        page = self.ask(page_size=1).response
        assert self.names(page_size=1, page_token=page.next_page_token) == ["b"]
        assert self.names(page_size=9, page_token=page.next_page_token) == ["b", "c"]

    def test_a_token_belongs_to_its_query_and_its_organization(self):
        self.make("aaa", "aab", "aac")
        other = self.create_organization()
        _, foreign = self.create_api_key(other)
        token = self.ask(page_size=1, query="aa").response.next_page_token
        assert self.names(query="aa", page_token=token) == ["aab", "aac"]
        for fields in (
            {},
            {"query": "aaa"},
            {"query": "aa", "status": ACTIVE},
            {"query": "aa", "provider": scm_pb2.PROVIDER_GITHUB},
        ):
            self.assert_invalid("page_token", page_token=token, **fields)
        answer = self.ask(token=foreign, query="aa", page_token=token)
        assert answer.status is RpcStatus.INVALID_ARGUMENT

    def test_tokens_that_are_none_of_ours(self):
        self.make("a", "b")
        token = self.ask(page_size=1).response.next_page_token
        raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        for place in (0, 15, 16, len(raw) - 1):
            changed = bytearray(raw)
            changed[place] ^= 1
            wrong = base64.urlsafe_b64encode(changed).decode().rstrip("=")
            self.assert_invalid("page_token", page_token=wrong)
        for wrong in (
            token[:-2],
            token + "AA",
            "x",
            "☃",
            "AAAA",
            "a" * 3000,
            "x" * 100_000,
            "\0",
            "1",
            base64.urlsafe_b64encode(b"\0" * 16 + b'["a",1]').decode(),
        ):
            self.assert_invalid("page_token", page_token=wrong)


class TestOne(ListCase):
    def get(self, number):
        request = scm_pb2.GetRepositoryRequest(repository_id=number)
        return self.rpc("GetRepository", request, token=self.token)

    def test_what_is_being_deleted_is_gone(self):
        (pending,) = self.make("pending", status=RepositoryStatus.PENDING_DELETION)
        (deleting,) = self.make("deleting", status=RepositoryStatus.DELETION_IN_PROGRESS)
        (hidden,) = self.make("hidden", status=RepositoryStatus.HIDDEN)
        assert self.get(pending.id).status is RpcStatus.NOT_FOUND
        assert self.get(deleting.id).status is RpcStatus.NOT_FOUND
        assert self.get(hidden.id).response.status == HIDDEN
        assert self.names() == []

    def test_ids_that_can_never_be_one(self):
        for number in (0, -1, -(2**63)):
            answer = self.get(number)
            assert answer.status is RpcStatus.INVALID_ARGUMENT
            assert answer.message == "repository_id: expected a positive id"
        assert self.get(2**63 - 1).status is RpcStatus.NOT_FOUND

    def test_only_texts_of_the_config_are_told(self):
        (row,) = self.make("r", config={"default_branch": "main", "nested": {"a": 1}, "n": 3})
        assert dict(self.get(row.id).response.config) == {"default_branch": "main"}
