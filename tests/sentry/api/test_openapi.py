import json
import re
from io import StringIO

from django.core.management import call_command

from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.urls import ENDPOINTS, SESSION_ENDPOINTS
from sentry.auth import policy
from sentry.auth.scopes import ALL_SCOPES
from sentry.testutils.cases import TestCase

_METHODS = ("get", "post", "put", "delete")


def methods_of(endpoint):
    return {method.upper() for method in _METHODS if hasattr(endpoint, method)}


def properties(schema):
    """Every property name below a schema."""
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from properties(inner)
    if isinstance(schema.get("items"), dict):
        yield from properties(schema["items"])


class OpenApiTest(TestCase):
    def document(self):
        response = self.client.call("GET", "/api/0/openapi.json")
        assert response.status_code == 200
        return response.data

    def test_the_document_is_valid_and_without_warnings(self):
        out = StringIO()
        call_command(
            "spectacular", "--validate", "--fail-on-warn", "--format=openapi-json", stdout=out
        )
        assert json.loads(out.getvalue()) == self.document()

    def test_it_is_the_same_document_whatever_is_asked(self):
        path = "/api/0/openapi.json"
        wanted = self.client.get(path)
        assert wanted["content-type"] == "application/json"
        for query in ("?format=yaml", "?version=9", "?lang=de&format=html"):
            assert self.client.get(path + query).content == wanted.content
        for accept in ("text/html", "application/yaml", "application/json; indent=0", "zzz", ""):
            answer = self.client.get(path, headers={"accept": accept})
            assert (answer.status_code, answer.content) == (200, wanted.content)

    def test_the_document_is_complete(self):
        operations = {
            operation["operationId"]
            for path in self.document()["paths"].values()
            for operation in path.values()
        }
        assert operations == {
            f"{method.lower()}-{endpoint.url_name.removeprefix('sentry-api-0-')}"
            for _, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS)
            for method, status in endpoint.publish_status.items()
            if status is ApiPublishStatus.PUBLIC
        }

    def test_every_method_has_a_publish_status(self):
        for _, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS):
            assert set(endpoint.publish_status) == methods_of(endpoint), endpoint

    def test_every_name_is_camel_case_and_every_id_a_string(self):
        schemas = self.document()["components"]["schemas"]
        assert {"CodeMappingResponse", "RepositoryResponse", "ErrorBody"} <= set(schemas)
        for schema in schemas.values():
            for name in properties(schema):
                assert "_" not in name
        for kind, schema in schemas.items():
            for name, inner in schema.get("properties", {}).items():
                if kind.endswith("Response") and (name == "id" or name.endswith("Id")):
                    assert inner["type"] == "string"

    def test_every_operation_tells_its_errors(self):
        for path in self.document()["paths"].values():
            for operation in path.values():
                assert {"400", "401", "403", "404", "429"} <= set(operation["responses"])
                assert operation["summary"] if "summary" in operation else operation["description"]

    def test_what_writes_tells_more_errors(self):
        for path in self.document()["paths"].values():
            for method, operation in path.items():
                told = operation["responses"].keys()
                writes = method != "get"
                assert all((code in told) is writes for code in ("409", "411", "413"))
                assert ("415" in told) is ("requestBody" in operation)
        added = self.document()["paths"]["/api/0/organizations/{organization_slug}/repos/"]
        assert "503" in added["post"]["responses"]  # a host is asked

    def test_every_operation_tells_its_credentials(self):
        operations = {
            operation["operationId"]: operation.get("security", [])
            for path in self.document()["paths"].values()
            for operation in path.values()
        }
        assert operations.pop("post-auth") == []
        alone = {
            "get-auth",
            "delete-auth",
            "get-api-tokens",
            "post-api-tokens",
            "delete-api-token-details",
            "get-organization-member-me",
            "delete-organization-member-me",
            "post-organizations",
        }
        for name, security in operations.items():
            wanted = ["session"] if name in alone else ["apiKey", "token", "session"]
            assert [list(each) for each in security] == [[scheme] for scheme in wanted], name

    def test_what_texts_may_be_is_told(self):
        schemas = self.document()["components"]["schemas"]
        team, key, token, project, mapping = (
            schemas[f"{kind}Request"]["properties"]
            for kind in ("Team", "ApiKey", "ApiToken", "Project", "CodeMapping")
        )
        assert (team["name"]["maxLength"], team["slug"]["maxLength"]) == (64, 50)
        assert (key["name"]["maxLength"], token["name"]["maxLength"]) == (64, 255)
        assert (project["name"]["maxLength"], project["platform"]["maxLength"]) == (200, 64)
        assert mapping["stackRoot"]["maxLength"] == 1024
        for slug, fits in (("a-1", True), ("_", True), ("12", False), ("a-", False), ("A", False)):
            assert bool(re.search(team["slug"]["pattern"], slug)) is fits, slug

    def test_every_component_is_named_as_the_api_speaks(self):
        components = self.document()["components"]
        assert "SignInRequest" in components["schemas"]
        assert all(name[0].isupper() for name in components["schemas"])
        assert set(components["securitySchemes"]) == {"apiKey", "token", "session"}


class PolicyTest(TestCase):
    def test_the_table_lists_exactly_the_endpoints_and_their_methods(self):
        served = {endpoint.url_name: methods_of(endpoint) for _, endpoint in ENDPOINTS}
        assert {name: set(methods) for name, methods in policy.REST.items()} == served

    def test_every_rpc_has_a_scope(self):
        assert len(policy.rpc_scopes()) == 20
        for method, scope in policy.rpc_scopes().items():
            assert scope in ALL_SCOPES, method

    def test_the_scopes_exist(self):
        for methods in policy.REST.values():
            for scopes in methods.values():
                assert scopes
                assert scopes <= ALL_SCOPES

    def test_rest_takes_the_scope_of_the_rpc_that_does_the_same(self):
        for (name, method), rpc in policy.SAME_WORK.items():
            assert policy.rpc_scopes()[rpc] in policy.REST[name][method]


class EveryEndpointTest(TestCase):
    def test_nobody_and_no_scope_are_refused_everywhere(self):
        _, token = self.create_api_key(self.organization, ["event:read"])
        for route, endpoint in ENDPOINTS:
            path = "/api/0/" + route.replace("<slug:organization_slug>", self.organization.slug)
            path = re.sub(r"<\w+:\w+>", "1", path)
            for method in methods_of(endpoint):
                with self.subTest(f"{method} {path}"):
                    assert self.client.call(method, path).status_code == 401
                    refused = self.client.call(method, path, headers={"x-api-key": token})
                    assert refused.status_code == 403
                    assert set(refused.data) == {"detail"}
