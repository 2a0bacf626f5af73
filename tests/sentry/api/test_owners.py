from sentry.api.api_owners import ApiOwner
from sentry.api.urls import ENDPOINTS, SESSION_ENDPOINTS
from sentry.apidocs.api_ownership_allowlist_dont_modify import API_OWNERSHIP_ALLOWLIST_DONT_MODIFY


def test_every_endpoint_has_an_owner():
    every = [endpoint for _, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS)]
    unowned = {endpoint.url_name for endpoint in every if endpoint.owner is ApiOwner.UNOWNED}
    assert unowned == set(API_OWNERSHIP_ALLOWLIST_DONT_MODIFY)
    assert {endpoint.owner for endpoint in every} == set(ApiOwner) - {ApiOwner.UNOWNED}


def test_every_url_has_a_name_of_its_own():
    names = [endpoint.url_name for _, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS)]
    assert all(name.startswith("sentry-api-0-") for name in names)
    assert len(set(names)) == len(names)
