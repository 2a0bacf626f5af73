"""The development guides' examples of endpoints and serializers, run as they stand there."""

from dataclasses import dataclass

from django.test import override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from sentry.actions.reading import OrganizationSummary as Organization
from sentry.api.api_publish_status import ApiPublishStatus
from sentry.api.base import ControlSiloEndpoint, RegionSiloEndpoint, region_silo_endpoint, serves
from sentry.api.bases.organization import OrganizationEndpoint
from sentry.api.bases.project import ProjectEndpoint
from sentry.api.permissions import SentryPermission
from sentry.api.serializers import Serializer, serialize
from sentry.api.serializers.models.organization import DetailedOrganizationSerializer
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.ratelimit import RateLimit
from sentry.auth.roles import Role
from sentry.models import User
from sentry.silo import SiloMode
from sentry.testutils.cases import APITestCase, TestCase


@region_silo_endpoint
class OrganizationDetailsEndpoint(OrganizationEndpoint):
    publish_status = {
        "GET": ApiPublishStatus.PUBLIC,
        "PUT": ApiPublishStatus.PUBLIC,
    }

    def get(self, request: Request, organization: Organization) -> Response:
        """Get organization details."""
        return Response(
            serialize(
                organization,
                request.user,  # type: ignore[call-overload] # it is the caller
                DetailedOrganizationSerializer(),
            )
        )


class ChosenProjectsEndpoint(OrganizationEndpoint):
    rate_limits = {"POST": RateLimit(3, 3600)}
    url_name = ""

    class Permission(SentryPermission):
        scope_map = {"GET": ["project:read"], "POST": ["project:read"]}

    permission_classes = (Permission,)

    def get(self, request, organization):
        projects = self.get_projects(
            request=request,
            organization=organization,
            project_ids=request.GET.getlist("project_id") or None,
        )
        return Response([str(project.id) for project in projects])

    def post(self, request, organization):
        projects = self.get_projects(
            request=request,
            organization=organization,
            project_ids=request.data.get("project_id"),
        )
        return Response([str(project.id) for project in projects])


class ProjectNameEndpoint(ProjectEndpoint):
    def get(self, request, organization, project):
        return Response({"organization": organization.slug, "project": project.slug})


urlpatterns = [
    path("guides/<slug:organization_slug>/", OrganizationDetailsEndpoint.as_view()),
    path("guides/<slug:organization_slug>/chosen/", ChosenProjectsEndpoint.as_view()),
    path(
        "guides/<slug:organization_slug>/projects/<slug:project_slug>/",
        ProjectNameEndpoint.as_view(),
    ),
]


@override_settings(ROOT_URLCONF=__name__)
class EndpointsOfTheGuidesTest(TestCase):
    def headers(self, *scopes):
        _, token = self.create_api_key(self.organization, list(scopes))
        return {"x-api-key": token}

    def test_the_endpoint(self):
        address = f"/guides/{self.organization.slug}/"
        self.login_as(self.user)
        answer = self.client.get(address)
        assert answer.json()["id"] == str(self.organization.id)
        assert answer.json()["orgRole"] == "owner"
        self.client.logout()
        for scope, status in (("org:read", 200), ("org:admin", 200), ("team:admin", 403)):
            assert self.client.get(address, headers=self.headers(scope)).status_code == status
        assert self.client.put(address, headers=self.headers("org:write")).status_code == 405
        assert (
            self.client.get("/guides/nobody/", headers=self.headers("org:read")).status_code == 404
        )

    def test_get_projects(self):
        address = f"/guides/{self.organization.slug}/chosen/"
        other = self.create_project(self.organization)
        foreign = self.create_project(self.create_organization())
        member = self.create_member(
            organization=self.organization, role=Role.MEMBER, teams=[self.team]
        )
        own = [str(self.project.id)]
        headers = self.headers("project:read")
        both = {"project_id": [str(self.project.id), str(other.id)]}
        assert set(self.client.get(address, both, headers=headers).json()) == set(
            both["project_id"]
        )
        self.client.force_login(User.objects.get(pk=member.user_id))

        assert self.client.get(address).json() == own
        assert self.client.get(address, {"project_id": own}).json() == own
        for unseen in (other.id, foreign.id, 1, "9" * 30, 0):
            answer = self.client.get(address, {"project_id": str(unseen)})
            assert (answer.status_code, answer.json()) == (404, {"detail": "project not found"})
        for nonsense in ("x", "-1", "1.5"):
            answer = self.client.get(address, {"project_id": nonsense})
            assert answer.status_code == 400
            assert set(answer.json()["errors"]) == {"projectId"}

    def test_an_endpoint_s_own_limit(self):
        address = f"/guides/{self.organization.slug}/chosen/"
        headers = self.headers("project:read")

        def post():
            body = {"project_id": self.project.id}
            return self.client.post(address, body, content_type="application/json", headers=headers)

        answers = [post() for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        text = "the credential's rate limit for POST of this address is used up"
        assert answers[-1].data == {"detail": text}
        assert [answer["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer["x-ratelimit-limit"] for answer in answers} == {"3"}
        assert int(answers[0]["x-ratelimit-reset"]) % 3600 == 0
        assert 1 <= int(answers[3]["retry-after"]) <= 3600
        read = self.client.get(address, headers=headers)
        assert read.status_code == 200
        assert int(read["x-ratelimit-limit"]) > 3
        assert (
            self.client.post(
                address, {}, content_type="application/json", headers=self.headers("project:read")
            ).status_code
            == 200
        )

    def test_a_project_by_its_slugs(self):
        headers = self.headers("org:read")
        prefix = f"/guides/{self.organization.slug}/projects"
        answer = self.client.get(f"{prefix}/{self.project.slug}/", headers=headers)
        assert answer.json() == {
            "organization": self.organization.slug,
            "project": self.project.slug,
        }
        foreign = self.create_project(self.create_organization())
        assert self.client.get(f"{prefix}/{foreign.slug}/", headers=headers).status_code == 404
        stranger = self.create_user()
        self.create_member(organization=self.organization, user=stranger)
        self.login_as(stranger)
        assert self.client.get(f"{prefix}/{self.project.slug}/").status_code == 404


def test_bases_of_silos():
    class InRegion(RegionSiloEndpoint):
        pass

    class InControl(ControlSiloEndpoint):
        pass

    assert serves(InRegion, SiloMode.REGION)
    assert not serves(InRegion, SiloMode.CONTROL)
    assert serves(InControl, SiloMode.CONTROL)
    assert not serves(InControl, SiloMode.REGION)


@dataclass(frozen=True)
class Thing:
    id: int


CALLER = Caller(
    kind=CallerKind.API_KEY, organization_id=1, scopes=frozenset(), credential="api_key:1"
)
asked: list[list[int]] = []


def values_of(item_list):
    """Stands for the query that the guide's example makes; one call is one query."""
    asked.append([item.id for item in item_list])
    return {item.id: item.id * 10 for item in item_list if item.id != 3}


class MySerializer(Serializer):  # type: ignore[type-arg] # as the guides have it
    def get_attrs(self, item_list, user, **kwargs):
        # Query once for all items
        data_by_id = values_of(item_list)
        return {item: {"data": data_by_id.get(item.id)} for item in item_list}

    def serialize(self, obj, attrs, user, **kwargs):
        return {"id": obj.id, "data": attrs.get("data"), **kwargs}


# Extending serializers
class DetailedSerializer(MySerializer):
    def get_attrs(self, item_list, user, **kwargs):
        attrs = super().get_attrs(item_list, user)  # Call parent first

        # Add more bulk queries
        extra_by_id = {item.id: f"extra {item.id}" for item in item_list}
        for item in item_list:
            attrs[item]["extra"] = extra_by_id.get(item.id)
        return attrs

    def serialize(self, obj, attrs, user, **kwargs):
        return {**super().serialize(obj, attrs, user, **kwargs), "extra": attrs["extra"]}


class Bare(Serializer):  # type: ignore[type-arg] # likewise
    def serialize(self, obj, attrs, user, **kwargs):
        return {"id": obj.id, "attrs": attrs, "user": user}


class SerializersOfTheGuidesTest(TestCase):
    def setUp(self):
        super().setUp()
        asked.clear()

    def test_many_are_asked_for_at_once(self):
        things = [Thing(1), Thing(2), Thing(3)]
        assert serialize(things, CALLER, MySerializer()) == [
            {"id": 1, "data": 10},
            {"id": 2, "data": 20},
            {"id": 3, "data": None},
        ]
        assert asked == [[1, 2, 3]]
        assert serialize(tuple(things[:1]), CALLER, MySerializer()) == [{"id": 1, "data": 10}]
        assert serialize([], CALLER, MySerializer()) == []

    def test_one_is_one(self):
        assert serialize(Thing(2), CALLER, MySerializer()) == {"id": 2, "data": 20}
        assert asked == [[2]]

    def test_an_extended_one_adds_to_its_parent_s(self):
        wanted = {"id": 1, "data": 10, "extra": "extra 1", "more": True}
        assert serialize(Thing(1), CALLER, DetailedSerializer(), more=True) == wanted

    def test_without_extra_data(self):
        assert serialize(Thing(1), CALLER, Bare()) == {"id": 1, "attrs": {}, "user": CALLER}


class OrganizationDetailsTest(APITestCase):
    endpoint = "sentry-api-0-organization-details"

    def test_get_organization(self):
        org = self.create_organization(owner=self.user)
        self.login_as(self.user)

        response = self.get_success_response(org.slug)
        assert response.data["id"] == str(org.id)
