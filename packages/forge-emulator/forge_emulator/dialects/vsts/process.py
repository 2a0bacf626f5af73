"""The host's processes: which types of work items a project has, and through which states they go.

After "About processes and process templates" in the host's documentation; the types are those that
matter for issues, not all.
"""

from __future__ import annotations

from collections.abc import Mapping

# Each type's states, in order, with their category.
Workflow = Mapping[str, str]

_BASIC: Workflow = {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed"}
_STORY: Workflow = {
    "New": "Proposed",
    "Active": "InProgress",
    "Resolved": "Resolved",
    "Closed": "Completed",
    "Removed": "Removed",
}
_ACTIVE: Workflow = {"Active": "InProgress", "Closed": "Completed"}
_SCRUM: Workflow = {
    "New": "Proposed",
    "Approved": "Proposed",
    "Committed": "InProgress",
    "Done": "Completed",
    "Removed": "Removed",
}
PROCESSES: Mapping[str, Mapping[str, Workflow]] = {
    "Basic": {"Epic": _BASIC, "Issue": _BASIC, "Task": _BASIC},
    "Agile": {"User Story": _STORY, "Bug": _STORY, "Issue": _ACTIVE, "Task": _STORY},
    "Scrum": {"Product Backlog Item": _SCRUM, "Bug": _SCRUM, "Task": _BASIC},
    "Epics": {"Epic": _BASIC},  # what somebody may make of one
}
DESCRIPTION = "System.Description"
REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"


def first_state(workflow: Workflow) -> str:
    return next(iter(workflow))


def is_closed(workflow: Workflow, state: str) -> bool:
    return workflow[state] in {"Completed", "Removed"}
