from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry.auth.roles import Role
from sentry.models import RepositoryProjectPathConfig
from sentry.models.integrations.integration import ObjectStatus
from sentry.testutils.cases import APITestCase


class CodeMappingsCase(APITestCase):
    endpoint = "sentry-api-0-organization-code-mappings"

    def setUp(self):
        super().setUp()
        self.integration = self.create_integration(organization=self.organization)
        self.repo = self.create_repo(
            name="acme/api",
            organization_id=self.organization.id,
            integration_id=self.integration.pk,
        )
        _, token = self.create_api_key(self.organization, ["repository:write"])
        self.headers = {"x-api-key": token}

    def body(self, **changes):
        body = {
            "repositoryId": str(self.repo.id),
            "projectId": str(self.project.id),
            "integrationId": str(self.integration.pk),
            "stackRoot": "app/",
            "sourceRoot": "src/app/",
            "defaultBranch": "main",
            **changes,
        }
        return {key: value for key, value in body.items() if value is not ...}


class ListTest(CodeMappingsCase):
    def items(self, **params):
        return self.get_success_response(
            self.organization.slug, headers=self.headers, **params
        ).data

    def test_filters(self):
        mapping = self.create_code_mapping(
            project=self.project, repo=self.repo, stack_root="app/", source_root="src/"
        )
        second = self.create_code_mapping(project=self.create_project(self.organization))
        self.create_code_mapping(project=self.create_project(self.create_organization()))
        assert [item["id"] for item in self.items()] == [str(mapping.id), str(second.id)]
        for params in (
            {"project": str(self.project.id)},
            {"project": self.project.slug},
            {"integrationId": str(self.integration.pk)},
        ):
            (item,) = self.items(**params)
            assert item == {
                "id": str(mapping.id),
                "projectId": str(self.project.id),
                "projectSlug": self.project.slug,
                "repoId": str(self.repo.id),
                "repoName": "acme/api",
                "integrationId": str(self.integration.pk),
                "provider": {"key": "github", "name": "GitHub"},
                "stackRoot": "app/",
                "sourceRoot": "src/",
                "defaultBranch": "main",
                "automaticallyGenerated": False,
            }

    def test_a_foreign_project_is_not_found(self):
        foreign = self.create_project(self.create_organization())
        for project in (str(foreign.id), foreign.slug, "1", "9" * 30):
            response = self.get_error_response(
                self.organization.slug, headers=self.headers, project=project, status_code=404
            )
            assert response.data == {"detail": "project not found"}

    def test_a_member_sees_the_mappings_of_own_teams(self):
        own = self.create_code_mapping(project=self.project, repo=self.repo)
        self.create_code_mapping(project=self.create_project(self.organization))
        user = self.create_user()
        member = self.create_member(organization=self.organization, user=user)
        self.login_as(user)
        self.headers = {}
        assert self.items() == []
        self.create_team_membership(team=self.team, member=member)
        assert [item["id"] for item in self.items()] == [str(own.id)]

    def test_pages(self):
        made = [
            str(
                self.create_code_mapping(
                    project=self.project, repo=self.repo, stack_root=f"{n}/"
                ).id
            )
            for n in range(3)
        ]
        response = self.get_success_response(
            self.organization.slug, headers=self.headers, per_page="2"
        )
        cursor = response["link"].rpartition('cursor="')[2].rstrip('"')
        rest = self.items(per_page="2", cursor=cursor)
        assert [item["id"] for item in [*response.data, *rest]] == made

    def test_the_number_of_statements_does_not_grow(self):
        counts = []
        for _ in range(2):
            for _ in range(4):
                self.create_code_mapping(project=self.create_project(self.organization))
            counts.append(min(self.statements() for _ in range(3)))
        assert counts[0] == counts[1] <= 4

    def statements(self) -> int:
        """Those of one list; a minute that begins meanwhile leases its limit anew with some more."""
        with CaptureQueriesContext(connection) as captured:
            self.items()
        return len(captured)


class CreateTest(CodeMappingsCase):
    method = "post"

    def post_ok(self, **changes):
        return self.get_success_response(
            self.organization.slug,
            headers=self.headers,
            status_code=201,
            **self.body(**changes),
        ).data

    def refused(self, status_code, **changes):
        data = self.get_error_response(
            self.organization.slug,
            headers=self.headers,
            status_code=status_code,
            **self.body(**changes),
        ).data
        assert RepositoryProjectPathConfig.objects.count() == 0
        return data

    def test_a_mapping_is_stored(self):
        data = self.post_ok()
        row = RepositoryProjectPathConfig.objects.get()
        assert data["id"] == str(row.id)
        assert (data["stackRoot"], data["sourceRoot"]) == ("app/", "src/app/")
        assert (data["projectSlug"], data["repoName"]) == (self.project.slug, "acme/api")
        assert (row.stack_root, row.source_root, row.default_branch) == ("app/", "src/app/", "main")

    def test_roots_may_be_empty_and_ids_numbers(self):
        data = self.post_ok(stackRoot="", sourceRoot="", projectId=self.project.id)
        assert (data["stackRoot"], data["sourceRoot"]) == ("", "")

    def test_wrong_values_are_named(self):
        for changes, field in (
            ({"integrationId": ...}, "integrationId"),
            ({"repositoryId": "one"}, "repositoryId"),
            ({"repositoryId": True}, "repositoryId"),
            ({"projectId": None}, "projectId"),
            ({"projectId": -1}, "projectId"),
            ({"projectId": 2**63}, "projectId"),
            ({"stackRoot": ...}, "stackRoot"),
            ({"stackRoot": "a b"}, "stackRoot"),
            ({"stackRoot": ["a"]}, "stackRoot"),
            ({"sourceRoot": "it's"}, "sourceRoot"),
            ({"sourceRoot": "a\x00"}, "sourceRoot"),
            ({"sourceRoot": "\ud800"}, "sourceRoot"),
            ({"sourceRoot": "x" * 100_000}, "sourceRoot"),
            ({"defaultBranch": "/main"}, "defaultBranch"),
            ({"defaultBranch": "main/"}, "defaultBranch"),
            ({"defaultBranch": "ma in"}, "defaultBranch"),
        ):
            with self.subTest(changes):
                assert list(self.refused(400, **changes)["errors"]) == [field]

    def test_a_branch_is_needed_where_no_host_can_be_asked_for_it(self):
        assert "settings are not valid" in self.refused(409, defaultBranch=...)["detail"]
        self.integration.status = ObjectStatus.DISABLED
        self.integration.save()
        assert list(self.refused(400, defaultBranch=...)["errors"]) == ["defaultBranch"]

    def test_what_is_not_there(self):
        elsewhere = self.create_organization()
        foreign_repo = self.create_repo(organization_id=elsewhere.id)
        foreign_project = self.create_project(elsewhere)
        other = self.create_integration(organization=self.organization)
        for changes, what in (
            ({"repositoryId": foreign_repo.id}, "repository"),
            ({"projectId": foreign_project.id}, "project"),
            ({"integrationId": other.pk}, "integration"),
        ):
            with self.subTest(what):
                assert self.refused(404, **changes) == {"detail": f"{what} not found"}

    def test_the_same_mapping_twice_is_a_conflict(self):
        self.post_ok()
        response = self.get_error_response(
            self.organization.slug, headers=self.headers, status_code=409, **self.body()
        )
        assert response.data == {"detail": "code mapping exists already"}
        assert RepositoryProjectPathConfig.objects.count() == 1

    def test_a_body_that_is_no_object(self):
        for raw in (b"[]", b'"text"', b"null", b"1"):
            response = self.get_error_response(
                self.organization.slug, headers=self.headers, raw_data=raw, status_code=400
            )
            assert set(response.data) == {"detail", "errors"}

    def test_a_member_maps_projects_of_own_teams_only(self):
        user = self.create_user()
        member = self.create_member(organization=self.organization, user=user, role=Role.ADMIN)
        self.login_as(user)
        self.get_error_response(self.organization.slug, status_code=404, **self.body())
        self.create_team_membership(team=self.team, member=member)
        self.get_success_response(self.organization.slug, status_code=201, **self.body())

    def test_reading_alone_does_not_suffice(self):
        _, token = self.create_api_key(self.organization, ["repository:read"])
        self.headers = {"x-api-key": token}
        assert "repository:write" in self.refused(403)["detail"]


class DetailsTest(CodeMappingsCase):
    endpoint = "sentry-api-0-organization-code-mapping-details"

    def setUp(self):
        super().setUp()
        self.mapping = self.create_code_mapping(
            project=self.project, repo=self.repo, stack_root="app/", source_root="src/"
        )

    def call(self, method, *, status, number=None, **body):
        answer = self.get_response(
            self.organization.slug,
            number or self.mapping.id,
            method=method,
            headers=self.headers,
            **body,
        )
        assert answer.status_code == status, answer.content
        return answer.data

    def test_reading(self):
        found = self.call("get", status=200)
        assert (found["id"], found["repoName"]) == (str(self.mapping.id), "acme/api")

    def test_replacing(self):
        changed = self.call("put", status=200, **self.body(stackRoot="lib/", defaultBranch="dev"))
        assert (changed["stackRoot"], changed["sourceRoot"], changed["defaultBranch"]) == (
            "lib/",
            "src/app/",
            "dev",
        )
        assert changed["id"] == str(self.mapping.id)
        second = self.create_code_mapping(
            project=self.project, repo=self.repo, stack_root="x/", source_root="src/app/"
        )
        self.call("put", status=200, **self.body(stackRoot="lib/"))
        answer = self.call("put", status=409, **self.body(stackRoot="x/"))
        assert answer == {"detail": "code mapping exists already"}
        moved = self.call(
            "put", status=200, number=second.id, **self.body(stackRoot="lib/", sourceRoot="")
        )
        assert moved["id"] == str(second.id)
        second.refresh_from_db()
        assert second.position == 1

    def test_what_is_wrong(self):
        for body, status in (
            (self.body(stackRoot="a b"), 400),
            (self.body(projectId=...), 400),
            (self.body(projectId=str(self.create_project(self.create_organization()).id)), 404),
            (
                self.body(
                    repositoryId=str(
                        self.create_repo(organization_id=self.create_organization().id).id
                    )
                ),
                404,
            ),
            (self.body(extra="x"), 400),
        ):
            with self.subTest(body):
                self.call("put", status=status, **body)
        self.mapping.refresh_from_db()
        assert self.mapping.stack_root == "app/"

    def test_deleting(self):
        self.call("delete", status=204)
        self.call("delete", status=404)
        assert not RepositoryProjectPathConfig.objects.exists()

    def test_those_of_others_are_not_there(self):
        foreign = self.create_code_mapping(project=self.create_project(self.create_organization()))
        for method, body in (("get", {}), ("put", self.body()), ("delete", {})):
            self.call(method, status=404, number=foreign.id, **body)
        self.headers = {}
        user = self.create_user()
        self.create_member(organization=self.organization, user=user, role=Role.ADMIN)
        self.login_as(user)
        for method, body in (("get", {}), ("put", self.body()), ("delete", {})):
            assert self.call(method, status=404, **body) == {"detail": "code mapping not found"}
