"""Fills an installation for ``benchmarks.guest``; runs in a process of its own.

Reads from standard input for each provider an integration's metadata; writes the API key and each
provider's repository. With the argument ``providers`` it only writes which are registered.
"""

import json
import sys

from sentry.runner import configure

configure()

from django.core.management import call_command  # noqa: E402

from sentry.actions.operator import operator_in  # noqa: E402
from sentry.integrations.registry import PROVIDERS  # noqa: E402
from sentry.integrations.source_code_management.actions.sync import (  # noqa: E402
    sync_repositories,
)
from sentry.models import ApiKey, Organization, Repository  # noqa: E402
from sentry.testutils.factories import Factories  # noqa: E402


def main() -> None:
    """Makes the organization, the integrations and, from their hosts, the repositories."""
    call_command("migrate", verbosity=0)
    organization = Organization.objects.create(name="Guest", slug="guest")
    repositories = {}
    for provider, metadata in json.load(sys.stdin).items():
        integration = Factories.create_integration(
            organization=organization, provider=provider, metadata=metadata
        )
        sync_repositories(operator_in(organization.pk), integration_id=integration.pk)
        repositories[provider] = Repository.objects.get(integration_id=integration.pk).pk
    _, token = ApiKey.objects.create_with_token(
        organization_id=organization.pk, scope_list=["repository:read"], label="bench"
    )
    json.dump({"api_key": token, "repositories": repositories}, sys.stdout)


if sys.argv[1:] == ["providers"]:
    json.dump([provider.key.value for provider in PROVIDERS], sys.stdout)
else:
    main()
