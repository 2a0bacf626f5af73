"""The mutation at hand, and the errors' data."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from sentry.integrations.source_code_management import errors
from sentry.integrations.source_code_management.effects import (
    Mutation,
    current_mutation,
    mutation,
    record_effect,
)


def test_without_a_key_nothing_is_recorded() -> None:
    assert current_mutation() is None
    record_effect("a result")


def test_the_result_goes_to_the_innermost_mutation() -> None:
    outer: list[object] = []
    inner: list[object] = []
    now = datetime.now(UTC)

    def made(save) -> Mutation:
        return Mutation(marker="m", is_retry=False, started_at=now, save_outcome=save)

    with mutation(made(outer.append)):
        with suppress(ZeroDivisionError), mutation(made(inner.append)):
            record_effect(1)
            raise ZeroDivisionError
        record_effect(2)
    record_effect(3)
    assert (outer, inner, current_mutation()) == ([2], [1], None)


SAMPLES: list[errors.ScmError] = [
    errors.Unauthenticated("no"),
    errors.PermissionDenied("org:read"),
    errors.InvalidArgument("title", "is needed"),
    errors.IdempotencyKeyReused(),
    errors.NotFound("repository"),
    errors.RepositoryReplaced(),
    errors.AlreadyExists("code mapping"),
    errors.RequestInFlight(3.5),
    errors.PreconditionFailed("no"),
    errors.ProviderDisabled("github"),
    errors.IntegrationDisabled(),
    errors.IntegrationBroken(),
    errors.AddressRefused(),
    errors.RateLimited(limit=5, reset_at=60, retry_after=2.0),
    errors.TooLarge("too large"),
    errors.DeadlineExceeded(),
    errors.Unsupported("github", "blame"),
    errors.MirrorRefused("github", "too large"),
    errors.ServiceUnavailable("the nonce store"),
    errors.HostError("failed", status=400),
    errors.HostRateLimited(9.0, status=429),
    errors.HostShareUsed(9.0),
    errors.HostUnavailable("down", status=503, retry_after=1.0),
    errors.HostGaveUp("too slow"),
    errors.HostRejected("no", status=422),
    errors.HostForbidden("no", status=403),
]


def subclasses(kind: type[errors.ScmError]) -> set[type[errors.ScmError]]:
    below = set(kind.__subclasses__())
    return below.union(*(subclasses(each) for each in below))


def test_the_tree_that_the_docstring_draws_is_the_tree() -> None:
    own = {kind for kind in subclasses(errors.ScmError) if kind.__module__ == errors.__name__}
    assert own == {type(sample) for sample in SAMPLES}
    drawn = errors.__doc__ or ""
    assert all(kind.__name__ in drawn for kind in own)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_has_a_sentence_and_a_reason(error: errors.ScmError) -> None:
    assert error.message == str(error)
    assert error.message
    assert error.reason in errors.Reason
    assert type(error) is errors.PreconditionFailed or error.reason is not errors.Reason.INTERNAL


def test_the_data_of_errors() -> None:
    argument = errors.InvalidArgument("title", "is needed", reason=errors.Reason.MESSAGE_MALFORMED)
    assert (argument.field, argument.description) == ("title", "is needed")
    assert argument.reason is errors.Reason.MESSAGE_MALFORMED
    limited = errors.RateLimited(limit=5, reset_at=60, retry_after=2.0)
    assert (limited.limit, limited.reset_at, limited.retry_after) == (5, 60, 2.0)
    host = errors.HostRateLimited(9.0, status=429)
    assert (host.status, host.retry_after) == (429, 9.0)
    assert errors.RequestInFlight(3.5).retry_after == 3.5
    assert errors.ServiceUnavailable("the store").retry_after == 1.0
    assert errors.NotFound("ref").retry_after is None
