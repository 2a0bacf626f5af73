"""What a host cannot do is told beforehand, and refused with the same reason."""

from collections.abc import Callable

from sentry.runner.demo.report import Report
from sentry_scm_client import CapabilitySupport, ScmClient, Unimplemented, scm_pb2


def support(
    client: ScmClient,
    capability: scm_pb2.Capability.ValueType,
    *,
    repository_id: int | None = None,
    integration_id: int | None = None,
) -> CapabilitySupport:
    """What GetCapabilities tells of one capability; give one of the two ids."""
    answer = client.get_capabilities(repository_id=repository_id, integration_id=integration_id)
    (told,) = [each for each in answer.capabilities if each.capability == capability]
    return told


def demand_refusal(call: Callable[[], object], told: CapabilitySupport, report: Report) -> None:
    """The call must be refused as ``UNIMPLEMENTED``, for the reason that was told beforehand."""
    try:
        call()
    except Unimplemented as error:
        details = error.details()
        said = told.reason if told.reason and details.endswith(told.reason) else details
        report.fact("UNIMPLEMENTED", said, told.reason or "a reason")
        return
    report.fact("UNIMPLEMENTED", "it was answered", told.reason)
