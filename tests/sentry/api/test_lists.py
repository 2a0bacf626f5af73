"""Every list costs the same number of statements, whatever its length, and is walked by cursors."""

from sentry.api.urls import ENDPOINTS
from sentry.testutils.cases import TestCase
from sentry.testutils.lists import ListedRows, read_list

# The lists that there are: a new one is found by itself, and stands here so that none is missed.
LISTS = {
    "sentry-api-0-api-tokens",
    "sentry-api-0-organizations",
    "sentry-api-0-organization-members",
    "sentry-api-0-organization-teams",
    "sentry-api-0-organization-projects",
    "sentry-api-0-project-teams",
    "sentry-api-0-organization-api-keys",
    "sentry-api-0-organization-auth-tokens",
    "sentry-api-0-organization-integrations",
    "sentry-api-0-organization-repositories",
    "sentry-api-0-organization-repository-commits",
    "sentry-api-0-organization-code-mappings",
}
FEW, MANY = 2, 20


def read_all(rows):
    """Every list of both users, by the endpoint's name and the user's place."""
    return {
        (endpoint.url_name, place): reading
        for place, client in enumerate(rows.clients())
        for route, endpoint in ENDPOINTS
        if "get" in dir(endpoint) and (reading := read_list(client, rows.path_of(route)))
    }


class ListsTest(TestCase):
    def test_the_number_of_statements_does_not_grow(self):
        rows = ListedRows()
        rows.add(FEW)
        before = read_all(rows)
        rows.add(MANY - FEW)
        after = read_all(rows)
        assert {name for name, _ in before} == LISTS
        assert before.keys() == after.keys()
        for key, reading in after.items():
            with self.subTest(key):
                assert before[key].items >= FEW
                assert reading.items == before[key].items + MANY - FEW
                assert len(reading.statements) == len(before[key].statements), reading.statements

    def test_every_list_is_walked_by_cursors_and_refuses_those_of_others(self):
        rows = ListedRows()
        rows.add(4)
        (client, _) = rows.clients()
        foreign = client.get(rows.path_of("organizations/"), {"per_page": "1"})
        for route, endpoint in ENDPOINTS:
            if endpoint.url_name not in LISTS:
                continue
            path = rows.path_of(route)
            with self.subTest(path):
                unknown = client.get(path, {"page": "2"})
                assert unknown.status_code == 400
                assert "there are per_page, cursor" in unknown.json()["errors"]["page"][0]
                whole = [item["id"] for item in client.get(path).json()]
                seen, cursor, rounds = [], "", 0
                while cursor or not rounds:
                    page = client.get(path, {"per_page": "2", "cursor": cursor})
                    assert page.status_code == 200, page.content
                    seen += [item["id"] for item in page.json()]
                    cursor = page["link"].rpartition('cursor="')[2].rstrip('"')
                    rounds += 1
                assert seen == whole
                assert len(set(whole)) == len(whole) >= 4
                if route != "organizations/":
                    stolen = foreign["link"].rpartition('cursor="')[2].rstrip('"')
                    refused = client.get(path, {"cursor": stolen})
                    assert refused.status_code == 400
                    assert set(refused.json()["errors"]) == {"cursor"}
