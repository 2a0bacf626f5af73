"""What GitLab's description says and GitLab does not do."""

from forge_emulator.contracts.overlay import Deviation

DEVIATIONS: tuple[Deviation, ...] = ()
