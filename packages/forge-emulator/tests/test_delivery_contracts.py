"""What is sent to webhooks, against the description that GitHub publishes of them."""

import json
import os
from pathlib import Path

import pytest
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

pytestmark = pytest.mark.contracts

DOCUMENT = "urn:webhooks"


@pytest.fixture(scope="session")
def webhooks():
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    return json.loads((Path(folder) / "github" / "webhooks.json").read_text())


@pytest.fixture(scope="session")
def check(webhooks):
    """Checks a delivery's headers and body; `name` is the event's in the description."""
    resource = Resource.from_contents(webhooks, default_specification=DRAFT202012)
    registry: Registry = Registry().with_resource(DOCUMENT, resource)

    def run(name, delivery):
        operation = webhooks["webhooks"][name]["post"]
        for parameter in operation["parameters"]:
            assert parameter["name"].lower() in delivery.headers, parameter["name"]
        pointer = f"{DOCUMENT}#/webhooks/{name}/post/requestBody/content/application~1json/schema"
        validator = OAS31Validator({"$ref": pointer}, registry=registry)
        errors = sorted(validator.iter_errors(delivery.json()), key=str)
        assert [f"{e.json_path}: {e.message}" for e in errors] == []

    return run


def test_every_event(check, forge):
    forge.hook()
    emulator = forge.emulator
    emulator.set_app_webhook(forge.inbox.url, "s3cret")
    forge.push("main:fresh", "v1:refs/tags/v2", ":old")
    forge.push("main~2:main", "main:fresh", force=True)
    pull = emulator.add_pull_request("x/y", title="P", head="feature/x", base="main~1")
    emulator.change_pull_request("x/y", pull.number, title="Q")
    emulator.change_pull_request("x/y", pull.number, closed=True)
    emulator.rename_repository("x/y", "x/z")
    emulator.rename_repository("x/z", "w/z")
    emulator.remove_repository("w/z")
    emulator.wait_for_deliveries()
    names = set()
    for delivery in forge.inbox.received:
        event = delivery.headers["x-github-event"].replace("_", "-")
        action = delivery.json().get("action")
        name = f"{event}-{action}" if action else event
        check(name, delivery)
        names.add(name)
    assert names == {
        "ping",
        "push",
        "pull-request-opened",
        "pull-request-edited",
        "pull-request-closed",
        "repository-renamed",
        "repository-transferred",
        "repository-deleted",
    }
