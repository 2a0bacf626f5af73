"""The operator: whoever may run commands on the platform's own machine."""

from sentry.auth.caller import Caller, CallerKind
from sentry.auth.scopes import ALL_SCOPES

# What is recorded of who changed something.
OPERATOR = "the operator"


def operator_in(organization_id: int) -> Caller:
    """The operator as a caller that acts in one organization, with every scope."""
    return Caller(
        kind=CallerKind.SERVICE,
        organization_id=organization_id,
        scopes=ALL_SCOPES,
        credential="operator",
        label=OPERATOR,
    )
