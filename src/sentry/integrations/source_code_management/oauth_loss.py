"""Says that an attempt to store an OAuth credential failed after it had used the credential up."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError

from sentry.integrations.source_code_management.database_errors import database_error
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.oauth import METADATA_KEY

logger = logging.getLogger(__name__)

_LOST = "the refresh token was used in this attempt and is not good any more: authorize again"


@contextmanager
def loss_told(given: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[None]:
    """Says it in an error that ends the block, where ``current`` have another refresh token then.

    Args:
        given: an integration's metadata, as somebody gave them.
        current: the same ones, which a renewal changes; they are lost if the block fails.

    Raises:
        ScmError: the block's own. A database that failed is the error that its door would make.
    """
    try:
        yield
    except ScmError as error:
        if _is_used_up(given, current):
            error.tell_also(_LOST)
        raise
    except OperationalError as error:
        if not _is_used_up(given, current):
            raise
        logger.exception("scm.oauth.store_failed")
        told = database_error()
        told.tell_also(_LOST)
        raise told from error


def _is_used_up(given: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    return _refresh_token(given) != _refresh_token(current)


def _refresh_token(metadata: Mapping[str, Any]) -> object:
    credential = metadata.get(METADATA_KEY)
    return credential.get("refresh_token") if isinstance(credential, dict) else None
