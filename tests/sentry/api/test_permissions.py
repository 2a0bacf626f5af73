"""A permission class as the development guides show it, beside those of the policy table."""

from django.test import override_settings
from django.urls import path
from rest_framework.response import Response

from sentry.api.base import Endpoint, region_silo_endpoint
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.permissions import SentryPermission
from sentry.auth.roles import Role
from sentry.testutils.cases import TestCase


class MyPermission(SentryPermission):
    scope_map = {
        "GET": ["org:read"],
        "POST": ["org:write"],
    }


@region_silo_endpoint
class MyEndpoint(OrganizationEndpoint):
    permission_classes = (MyPermission,)

    def get(self, request, organization):
        return Response({"slug": organization.slug})

    post = put = get


@region_silo_endpoint
class ForgottenEndpoint(Endpoint):
    def get(self, request):
        return Response()


urlpatterns = [
    path("<slug:organization_slug>/", MyEndpoint.as_view()),
    path("forgotten/of/a/permission/", ForgottenEndpoint.as_view()),
]


@override_settings(ROOT_URLCONF=__name__)
class ScopeMapTest(TestCase):
    def status(self, method, **headers):
        return self.client.call(method, f"/{self.organization.slug}/", headers=headers).status_code

    def test_any_scope_of_the_method_s_line_opens_it(self):
        for scope, statuses in {
            "org:read": (200, 200, 403),
            "org:write": (200, 200, 200),
            "org:admin": (200, 200, 200),
            "project:admin": (403, 403, 403),
        }.items():
            _, key = self.create_api_key(self.organization, [scope])
            found = tuple(
                self.status(method, **{"x-api-key": key}) for method in ("GET", "HEAD", "POST")
            )
            assert found == statuses, scope

    def test_a_method_without_a_line_is_closed_to_everybody(self):
        self.login_as(self.user)
        assert self.status("PUT") == 403

    def test_a_method_that_is_not_there_is_405(self):
        self.login_as(self.user)
        assert self.status("DELETE") == 405

    def test_a_session_has_the_scopes_of_its_user_s_role(self):
        for role, status in ((Role.MEMBER, 403), (Role.ADMIN, 403), (Role.MANAGER, 200)):
            user = self.create_user()
            self.create_member(organization=self.organization, user=user, role=role)
            self.login_as(user)
            assert self.status("GET") == 200
            assert self.status("POST") == status

    def test_nobody_is_let_in(self):
        assert self.status("GET") == 401

    def test_an_endpoint_that_names_no_permission_is_there_for_nobody(self):
        self.login_as(self.user)
        response = self.client.call("GET", "/forgotten/of/a/permission/")
        assert response.status_code == 404
