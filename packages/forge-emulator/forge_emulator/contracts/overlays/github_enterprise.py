"""What the description of GitHub Enterprise Server says and the server does not do: as GitHub's."""

from dataclasses import replace

from forge_emulator.contracts.overlay import Deviation
from forge_emulator.contracts.overlays import github

DEVIATIONS: tuple[Deviation, ...] = tuple(
    replace(each, place=each.place.replace("openapi.json", "openapi-3.19.json"))
    for each in github.DEVIATIONS
)
