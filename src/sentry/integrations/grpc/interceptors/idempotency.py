"""Mutations that carry ``x-idempotency-key`` take effect once.

A record is inserted before the call acts, and its outcome is saved in the transaction of the
effect. Successes and permanent failures are replayed for 24 hours; after a transient failure, or
when the first call was broken off, the next call with the key tries again.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from connectrpc.request import RequestContext
from django.db import IntegrityError, transaction
from django.utils import timezone
from google.protobuf.message import Message

from sentry import options
from sentry.auth.caller import Caller
from sentry.integrations.grpc.call import RpcCall, current_call, current_caller
from sentry.integrations.grpc.convert import to_message
from sentry.integrations.grpc.errors import is_permanent, status_of
from sentry.integrations.grpc.interceptors.replay import kept_answer, kept_failure, replay
from sentry.integrations.source_code_management.effects import Mutation, mutation
from sentry.integrations.source_code_management.errors import (
    IdempotencyKeyReused,
    InvalidArgument,
    RequestInFlight,
    ScmError,
)
from sentry.models.idempotency import IdempotencyRecord

_MAX_KEY_LENGTH = 255
_GRACE_SECONDS = 10
# About one new record in so many also removes those that have expired.
_SWEEP_ODDS = 500


class IdempotencyInterceptor:
    """Runs a mutation under its idempotency key; reads and calls without a key pass through."""

    def intercept_unary_sync[Q, A](
        self,
        call_next: Callable[[Q, RequestContext], A],  # type: ignore[type-arg]
        request: Q,
        ctx: RequestContext,  # type: ignore[type-arg]
        /,
    ) -> A:
        """Runs a call.

        Raises:
            InvalidArgument: the key is too long or not printable ASCII.
            IdempotencyKeyReused: the key came before with another request.
            RequestInFlight: the first call with the key is not done.
            ReplayedError: the first call failed for good.
        """
        call = current_call()
        if call.policy.is_read or not call.idempotency_key or not isinstance(request, Message):
            return call_next(request, ctx)
        record, is_retry = _claim(call, request)
        if record.outcome is not None:
            answer: A = replay(record.outcome, ctx.method.output)
            return answer
        try:
            with mutation(_mutation(record, is_retry=is_retry)):
                return call_next(request, ctx)
        except ScmError as error:
            _keep_failure(record, error)
            raise
        except Exception:
            _release(record)
            raise


def _claim(call: RpcCall, request: Message) -> tuple[IdempotencyRecord, bool]:
    """The record of this call, ours to work on or with an outcome; and whether it is a retry."""
    caller = current_caller()
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    fresh = _new_record(call, caller, digest)
    if secrets.randbelow(_SWEEP_ODDS) == 0:
        IdempotencyRecord.objects.filter(expires_at__lt=timezone.now()).delete()
    try:
        fresh.save()
    except IntegrityError:
        return _existing(fresh, call)
    return fresh, False


def _new_record(call: RpcCall, caller: Caller, digest: str) -> IdempotencyRecord:
    key = call.idempotency_key
    if len(key) > _MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise InvalidArgument(
            "x-idempotency-key", f"expected at most {_MAX_KEY_LENGTH} printable ASCII characters"
        )
    now = timezone.now()
    return IdempotencyRecord(
        organization_id=caller.organization_id,
        caller=caller.credential,
        method=call.policy.name,
        key=key,
        request_sha256=digest,
        claimed_until=now + timedelta(seconds=call.seconds_left() + _GRACE_SECONDS),
        expires_at=now + timedelta(seconds=options.get_int("idempotency.ttl")),
    )


def _existing(fresh: IdempotencyRecord, call: RpcCall) -> tuple[IdempotencyRecord, bool]:
    now = timezone.now()
    found = IdempotencyRecord.objects.filter(
        organization_id=fresh.organization_id,
        caller=fresh.caller,
        method=fresh.method,
        key=fresh.key,
    )
    record = found.first()
    if record is None or record.expires_at <= now:
        found.filter(expires_at__lte=now).delete()
        return _claim_again(fresh)
    if record.request_sha256 != fresh.request_sha256:
        raise IdempotencyKeyReused
    if record.outcome is not None:
        return record, False
    if record.claimed_until > now:
        raise RequestInFlight((record.claimed_until - now).total_seconds())
    taken = found.filter(claimed_until=record.claimed_until, outcome__isnull=True).update(
        claimed_until=fresh.claimed_until
    )
    if not taken:
        raise RequestInFlight(call.seconds_left() + _GRACE_SECONDS)
    record.claimed_until = fresh.claimed_until
    return record, True


def _claim_again(fresh: IdempotencyRecord) -> tuple[IdempotencyRecord, bool]:
    try:
        fresh.save()
    except IntegrityError:
        raise RequestInFlight(_GRACE_SECONDS) from None
    return fresh, False


def _mutation(record: IdempotencyRecord, *, is_retry: bool) -> Mutation:
    name = f"{record.caller}\n{record.organization_id}\n{record.method}\n{record.key}"
    return Mutation(
        marker=hashlib.sha256(name.encode()).hexdigest()[:32],
        is_retry=is_retry,
        started_at=record.date_added,
        save_outcome=lambda result: _save(record, kept_answer(to_message(result))),
    )


def _save(record: IdempotencyRecord, outcome: str) -> None:
    """Saves the outcome while the claim is ours; else the effect is undone with it."""
    saved = IdempotencyRecord.objects.filter(
        pk=record.pk, claimed_until=record.claimed_until, outcome__isnull=True
    ).update(outcome=outcome)
    if not saved:
        raise RequestInFlight(_GRACE_SECONDS)


def _keep_failure(record: IdempotencyRecord, error: ScmError) -> None:
    if is_permanent(error):
        with transaction.atomic():
            IdempotencyRecord.objects.filter(
                pk=record.pk, claimed_until=record.claimed_until, outcome__isnull=True
            ).update(outcome=kept_failure(status_of(error)))
    else:
        _release(record)


def _release(record: IdempotencyRecord) -> None:
    """Lets the next call with the key try again at once."""
    IdempotencyRecord.objects.filter(
        pk=record.pk, claimed_until=record.claimed_until, outcome__isnull=True
    ).update(claimed_until=timezone.now())
