"""Source-code hosts' HTTP APIs over real git repositories, for tests and demonstrations."""

from forge_emulator.auth import AppCredentials
from forge_emulator.deliveries import RecordedDelivery
from forge_emulator.emulator import Emulator
from forge_emulator.faults import FAULT_KINDS, Fault
from forge_emulator.repositories import HostedRepository
from forge_emulator.request_log import RecordedRequest

__version__ = "26.11.0"

__all__ = [
    "FAULT_KINDS",
    "AppCredentials",
    "Emulator",
    "Fault",
    "HostedRepository",
    "RecordedDelivery",
    "RecordedRequest",
]
