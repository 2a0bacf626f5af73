"""A project's id that comes from outside passes ``get_projects()``, whichever door it comes through.

Doors reach projects through actions alone, so the actions are read: one that takes a caller and ids
of projects asks for the projects that the caller sees, itself or by a function of its own module.
"""

import ast
import pkgutil
from importlib.util import find_spec
from pathlib import Path

import pytest

import sentry.actions
import sentry.integrations.source_code_management.actions

CHECKS = {"get_projects", "visible_projects"}
# Each says why it need not ask.
EXEMPT = {
    "project_slugs": "names projects of rows that were read for the caller",
    "teams_of_projects": "names teams of projects that were read for the caller",
    "page_of_project_teams": "takes the project that the address was resolved to",
}


def modules():
    for package in (sentry.actions, sentry.integrations.source_code_management.actions):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            spec = find_spec(module.name)
            assert spec is not None
            assert spec.origin is not None
            yield module.name, ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def functions(tree):
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def parameters(function):
    arguments = function.args
    return {each.arg for each in (*arguments.args, *arguments.kwonlyargs)}


def reached(name, known):
    """Every name that the function and those of its module that it calls speak of."""
    seen, todo = set(), [name]
    while todo:
        for node in ast.walk(known[todo.pop()]):
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                todo += [node.id] if node.id in known else []
    return seen


def takes_project_ids(function):
    names = parameters(function)
    return "caller" in names and bool(names & {"project_id", "project_ids", "group_id"})


def unchecked(tree):
    known = functions(tree)
    return {
        name
        for name, function in known.items()
        if not name.startswith("_")
        and takes_project_ids(function)
        and not reached(name, known) & CHECKS
        and name not in CHECKS
    }


def test_every_action_that_takes_ids_of_projects_asks_for_those_the_caller_sees():
    found = {name for _, tree in modules() for name in unchecked(tree)}
    assert found == set(EXEMPT)


def test_actions_that_take_ids_are_found():
    found = {
        name
        for _, tree in modules()
        for name, function in functions(tree).items()
        if takes_project_ids(function)
    }
    assert {"create_code_mapping", "derive_code_mappings", "link_external_issue"} <= found


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("return Project.objects.get(id=project_id)", {"act"}),
        ("return get_projects(caller, project_ids=[project_id])", set()),
        ("return _inner(caller, project_id)", set()),
    ],
)
def test_the_check_can_fail(body, names):
    source = (
        f"def act(caller, *, project_id):\n    {body}\n"
        "def _inner(caller, project_id):\n    return visible_projects(caller)\n"
    )
    assert unchecked(ast.parse(source)) == names
