"""Where a published description is not what the host does, with the reason for each place."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Deviation:
    """One correction of a description.

    `place` is the document's file name and a JSON pointer (RFC 6901) into it:
    "openapi.json#/components/schemas/issue/properties/body/nullable". `value` stands there
    instead; what is not there yet is added, None takes it away. `reason` names what forced it: a
    payload, the host's documentation, or the description's own contradiction.
    """

    place: str
    value: object
    reason: str


def corrected(
    documents: Mapping[str, Mapping[str, Any]], deviations: Iterable[Deviation]
) -> dict[str, dict[str, Any]]:
    """The documents with every deviation applied; raises `KeyError` for a place that is not."""
    result = {name: copy.deepcopy(dict(document)) for name, document in documents.items()}
    for deviation in deviations:
        name, _, pointer = deviation.place.partition("#/")
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")]
        target: Any = result[name]
        for parent in parents:
            target = target[int(parent) if isinstance(target, list) else parent]
        key: Any = int(last) if isinstance(target, list) else last
        if deviation.value is None:
            del target[key]
        elif isinstance(target, list) and key == len(target):
            target.append(deviation.value)
        else:
            target[key] = deviation.value
    return result
