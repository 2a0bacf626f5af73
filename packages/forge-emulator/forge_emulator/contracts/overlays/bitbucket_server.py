"""What Bitbucket Data Center's description says and Bitbucket Data Center does not do."""

from forge_emulator.contracts.overlay import Deviation

DEVIATIONS: tuple[Deviation, ...] = ()
