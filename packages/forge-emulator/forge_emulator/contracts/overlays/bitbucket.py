"""What Bitbucket Cloud's description says and Bitbucket Cloud does not do."""

from forge_emulator.contracts.overlay import Deviation

DEVIATIONS: tuple[Deviation, ...] = ()
