"""What Azure DevOps's description says and Azure DevOps does not do."""

from forge_emulator.contracts.overlay import Deviation

DEVIATIONS: tuple[Deviation, ...] = ()
