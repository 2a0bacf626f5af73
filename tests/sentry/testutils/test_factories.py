import pytest
from django.apps import apps

from sentry.models import Organization, OrganizationIntegration, Repository
from sentry.testutils.cases import TestCase
from sentry.testutils.factories import Factories, stored_provider


class FactoriesTest(TestCase):
    def test_every_model_has_a_factory(self):
        """What Django generates for a relation of its own is made through that relation."""
        made = {
            name.removeprefix("create_").replace("_", "")
            for name in dir(Factories)
            if name.startswith("create_")
        }
        aliases = {
            "repository": "repo",
            "apitoken": "userauthtoken",
            "organizationmember": "member",
            "organizationmemberteam": "teammembership",
            "repositoryprojectpathconfig": "codemapping",
        }
        nouns = {model._meta.model_name for model in apps.get_app_config("sentry").get_models()}
        assert {aliases.get(noun, noun) for noun in nouns if noun} <= made

    def test_a_bare_provider_key_is_stored_with_its_prefix(self):
        repo = self.create_repo(provider="github", organization_id=self.organization.id)
        assert Repository.objects.get(id=repo.id).provider == "integrations:github"
        assert stored_provider("integrations:gitlab") == "integrations:gitlab"
        assert stored_provider(None) is None

    def test_an_integration_is_tied_to_its_organization(self):
        integration = self.create_integration(organization=self.organization)
        tie = OrganizationIntegration.objects.get(integration=integration)
        assert tie.organization_id == self.organization.id

    def test_rows_without_an_organization_share_the_last_one(self):
        organization = self.create_organization()
        repo = self.create_repo(organization_id=organization.id)
        author = self.create_commit_author(name="Ann", email="Ann@Example.com")
        assert author.organization_id == repo.organization_id
        assert author.email == "ann@example.com"

    def test_a_group_and_all_around_it_can_be_made_from_nothing(self):
        group = self.create_group()
        issue = self.create_external_issue(group=group)
        assert issue.organization_id == group.project.organization_id
        assert self.create_code_mapping().organization_id == group.project.organization_id
        assert Organization.objects.count() == 1

    def test_the_rest_can_be_made(self):
        organization = self.organization
        self.create_idempotency_record(organization_id=organization.id)
        self.create_signature_nonce()
        self.create_analytics_event(organization_id=organization.id)
        self.create_rate_limit_counter()
        self.create_shared_result()
        assert self.create_option(key="auth.cache-ttl", value=1.0).value == 1.0
        assert self.create_feature_rule(feature="organizations:some-thing").percentage == 100
        member = self.create_member(organization=organization, teams=[self.team])
        assert member.teams.get() == self.team
        assert self.create_commit().repository.organization_id == organization.id
        for row, secret in (
            self.create_api_key(organization),
            self.create_org_auth_token(organization),
            self.create_user_auth_token(self.user),
        ):
            assert secret.endswith(row.token_last_characters)


@pytest.mark.django_db
def test_an_unknown_scope_is_refused():
    with pytest.raises(ValueError, match="unknown scope"):
        Factories.create_api_key(Factories.create_organization(), ["repository:everything"])


def test_the_path_of_the_guides_leads_to_the_factories():
    from tests.sentry.testutils import factories

    assert factories.Factories is Factories
