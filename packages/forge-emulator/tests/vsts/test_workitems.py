"""Work items, their states, queries and comments."""

import pytest

from forge_emulator.dialects.vsts import wiql

WIT = "/acme/Online Shop/_apis/wit"
PATCH = {"Content-Type": "application/json-patch+json"}


def patch_of(**fields: str) -> list[dict[str, object]]:
    return [
        {"op": "add", "path": f"/fields/{name.replace('_', '.')}", "value": value}
        for name, value in fields.items()
    ]


@pytest.fixture
def create(client):
    def run(kind: str = "Issue", status: int = 200, where: str = WIT, **fields: str):
        values = {"System_Title": "It breaks"} | fields
        answer = client.post(f"{where}/workitems/${kind}", json=patch_of(**values), headers=PATCH)
        assert answer.status_code == status, answer.text
        return answer.json()

    return run


@pytest.fixture
def change(client):
    def run(number: int, status: int = 200, **fields: str):
        answer = client.patch(f"{WIT}/workitems/{number}", json=patch_of(**fields), headers=PATCH)
        assert answer.status_code == status, answer.text
        return answer.json()

    return run


def test_a_work_item_begins_and_is_read(create, client, emulator):
    made = create(System_Description="<b>a</b><!-- gone -->", System_Tags="x; y ;x")
    fields = made["fields"]
    assert (fields["System.WorkItemType"], fields["System.State"]) == ("Issue", "To Do")
    assert (fields["System.Description"], fields["System.Tags"]) == ("<b>a</b>", "x; y")
    assert client.get(f"{WIT}/workitems/{made['id']}").json() == made
    (kept,) = emulator.issues("Online Shop/shop")
    assert (kept.id, kept.kind, kept.labels) == (made["id"], "Issue", ("x", "y"))
    assert emulator.issues("Scrummers/app") == []
    few = client.get(f"{WIT}/workitems/{made['id']}", params={"fields": "System.Title"}).json()
    assert few["fields"] == {"System.Title": "It breaks"}


def test_each_project_has_its_process(create, client):
    other = "/acme/Scrummers/_apis/wit"
    assert create("Issue", 404, where=other)["typeKey"] == "WorkItemTypeNotFoundException"
    bug = create("bug", where=other, Microsoft_VSTS_TCM_ReproSteps="steps")
    assert bug["fields"]["System.WorkItemType"] == "Bug"
    assert bug["fields"]["Microsoft.VSTS.TCM.ReproSteps"] == "steps"
    assert client.get(f"{WIT}/workitems/{bug['id']}").status_code == 404
    states = client.get(f"{other}/workitemtypes/Bug/states").json()["value"]
    assert [each["name"] for each in states][:2] == ["New", "Approved"]
    types = client.get(f"{WIT}/workitemtypes").json()["value"]
    assert [each["name"] for each in types] == ["Epic", "Issue", "Task"]


def test_a_work_item_is_changed(create, change, emulator):
    number = create()["id"]
    assert change(number, System_State="Done")["fields"]["System.State"] == "Done"
    (kept,) = emulator.issues("Online Shop/shop")
    assert (kept.state, kept.closed_at is not None) == ("closed", True)
    assert change(number, System_State="Doing")["fields"]["System.State"] == "Doing"
    assigned = change(number, System_AssignedTo="ALICE@example.com")["fields"]
    assert assigned["System.AssignedTo"]["uniqueName"] == "alice@example.com"
    assert "System.AssignedTo" not in change(number, System_AssignedTo="")["fields"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"System_Title": ""}, "System.Title"),
        ({"System_Title": "x" * 256}, "System.Title"),
        ({"System_State": "Gone"}, "System.State"),
        ({"System_AssignedTo": "nobody"}, "System.AssignedTo"),
    ],
)
def test_a_rule_that_is_broken_is_named(create, change, fields, field):
    error = change(create()["id"], 400, **fields)
    (fault,) = error["customProperties"]["RuleValidationErrors"]
    assert (error["typeKey"], fault["fieldReferenceName"]) == ("RuleValidationException", field)


@pytest.mark.parametrize(
    "operations",
    [{}, [7], [{"op": "add", "path": "/x"}], [{"op": "move", "path": "/fields/System.Title"}],
     [{"op": "add", "path": "/fields/Other.Field", "value": "x"}]],
)  # fmt: skip
def test_a_patch_that_is_none(start, connect, operations):
    client = connect(start())
    answer = client.post(f"{WIT}/workitems/$Issue", json=operations, headers=PATCH)
    assert answer.status_code == 400
    assert client.post(f"{WIT}/workitems/$Issue", json=[]).status_code == 415


def test_several_at_once_keep_their_order(create, client):
    numbers = [create()["id"] for _ in range(3)][::-1]
    body = {"ids": [*numbers, 9999], "errorPolicy": "omit", "fields": ["System.Id"]}
    found = client.post(f"{WIT}/workitemsbatch", json=body).json()["value"]
    assert [each["id"] for each in found] == numbers
    del body["errorPolicy"]
    assert client.post(f"{WIT}/workitemsbatch", json=body).status_code == 404
    for ids in ([], list(range(201))):
        answer = client.post(f"{WIT}/workitemsbatch", json={"ids": ids})
        assert answer.status_code == 400


def test_a_query(create, client, clock):
    numbers = []
    for title in ("The cart's total", "Another", "A total"):
        clock.move(hours=1)
        numbers.append(create(System_Title=title)["id"])

    def ask(where: str, order: str = "[System.Id] DESC", status: int = 200, top: int = 100):
        select = "SELECT [System.Id] FROM WorkItems WHERE"
        query = f"{select} {where} ORDER BY {order}"
        answer = client.post(f"{WIT}/wiql", json={"query": query}, params={"$top": top})
        assert answer.status_code == status, answer.text
        return [each["id"] for each in answer.json().get("workItems", [])]

    mine = "[System.TeamProject] = @project"
    assert ask(mine) == numbers[::-1]
    assert ask(mine, "[System.CreatedDate] ASC") == numbers
    assert ask(mine, top=1) == numbers[-1:]
    assert ask(f"{mine} AND [System.Title] CONTAINS 'cart''s'") == numbers[:1]
    assert (
        ask(f"{mine} AND ([System.Title] CONTAINS 'none' OR [System.Title] = 'another')")
        == (numbers[1:2])
    )
    since = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ask(f"{mine} AND [System.CreatedDate] < '{since}'") == numbers[1::-1]
    assert ask("[System.TeamProject] = 'Scrummers'") == []
    ask("nonsense", status=400)
    ask(mine, status=400, top=0)


@pytest.mark.parametrize(
    "query",
    [
        "", "SELECT", "SELECT [a] FROM Other WHERE [a] = 'b'", "SELECT [a] FROM WorkItems",
        "SELECT [a] FROM WorkItems WHERE [a] = 'b", "SELECT [a] FROM WorkItems WHERE ([a] = 'b'",
        "SELECT [a] FROM WorkItems WHERE [a] LIKE 'b'", "SELECT [a] FROM WorkItems WHERE [a] = @me",
        "SELECT [a] FROM WorkItems WHERE [a] = 'b' GROUP", "SELECT a FROM WorkItems WHERE [a] = 'b'",
        "SELECT [a] FROM WorkItems WHERE [a] =", "SELECT [a] FROM WorkItems WHERE [a] = 'b' ;",
    ],
)  # fmt: skip
def test_a_query_that_is_none(query):
    with pytest.raises(wiql.WiqlError):
        wiql.parse(query, {"@project": "P"})


def test_comments_are_a_preview(create, client, connect, emulator):
    number = create()["id"]
    where = f"{WIT}/workItems/{number}/comments"
    refused = client.post(where, json={"text": "x"})
    assert refused.json()["typeKey"] == "VssInvalidPreviewVersionException"
    preview = connect(emulator, version="7.1-preview.4")
    made = preview.post(where, json={"text": "**x**"}, params={"format": "markdown"}).json()
    assert (made["text"], made["format"], made["workItemId"]) == ("**x**", "markdown", number)
    assert client.get(f"{WIT}/workitems/{number}").json()["fields"]["System.CommentCount"] == 1
    assert preview.post(where, json={"text": ""}).status_code == 400
