"""Options as an operator sees and changes them while the platform runs."""

import logging
from dataclasses import dataclass

from django.utils import timezone

from sentry import models, options
from sentry.actions.validation import unknown_name
from sentry.integrations.source_code_management.errors import InvalidArgument, PreconditionFailed
from sentry.options import OptionValue, Source, UnknownOptionError
from sentry.utils.refresh import refresher

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionState:
    """An option, its value in this process, and where the value comes from."""

    name: str
    value: OptionValue
    source: Source
    default: OptionValue
    settable: bool
    variable: str
    help: str


def list_options() -> list[OptionState]:
    """Every option, by name."""
    return [_state(option) for option in options.all_options()]


def get_option(name: str) -> OptionState:
    """The option of this name.

    Raises:
        InvalidArgument: no such option is registered; names the ones that come near.
    """
    return _state(_find(name))


def set_option(name: str, text: str, *, updated_by: str) -> OptionState:
    """Stores a value, written as in the environment; this process uses it from now on.

    Other processes use it within ``options.refresh-interval``. Not to be called inside a
    transaction: one that is rolled back would leave this process with the value for so long.

    Raises:
        InvalidArgument: no such option is registered, or it does not take the value.
        PreconditionFailed: only the environment may set it, or does.
    """
    option = _find(name)
    _check_settable(option)
    try:
        value = option.parse(text)
    except ValueError as error:
        raise InvalidArgument(name, str(error)) from None
    given = {"value": value, "updated_by": updated_by, "last_updated": timezone.now()}
    models.Option.objects.update_or_create(key=name, defaults=given)
    refresher.load_all()
    logger.info("options.set", extra={"option": name, "updated_by": updated_by})
    return _state(option)


def delete_option(name: str, *, updated_by: str) -> bool:
    """Deletes the stored value, so that the default holds again; whether there was one.

    What another release has stored, and no option takes, may be deleted too. Not to be called
    inside a transaction, as ``set_option``.

    Raises:
        InvalidArgument: no such option is registered, and nothing is stored under the name.
    """
    deleted, _ = models.Option.objects.filter(key=name).delete()
    if not deleted:
        _find(name)
        return False
    refresher.load_all()
    logger.info("options.deleted", extra={"option": name, "updated_by": updated_by})
    return True


def _find(name: str) -> options.Option:
    try:
        return options.manager.find(name)
    except UnknownOptionError:
        known = [option.name for option in options.all_options()]
        raise unknown_name("option", name, known) from None


def _check_settable(option: options.Option) -> None:
    if not option.settable:
        raise PreconditionFailed(
            f"{option.name} is read at the start: set {option.environment_name} and restart"
        )
    if options.manager.source_of(option.name) is Source.ENVIRONMENT:
        raise PreconditionFailed(
            f"{option.name} is set by {option.environment_name}, which a stored value would not"
            " change: unset the variable first, or change it there"
        )


def _state(option: options.Option) -> OptionState:
    return OptionState(
        name=option.name,
        value=options.get(option.name),
        source=options.manager.source_of(option.name),
        default=option.default,
        settable=option.settable,
        variable=option.environment_name,
        help=option.help,
    )
