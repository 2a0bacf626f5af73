"""Run-time options: every one is registered with its default in ``options/defaults.py``.

``options.get("scm.http.read-timeout")`` never takes a default. An operator sets a value by the
environment (``SENTRY_OPTION_SCM_HTTP_READ_TIMEOUT=10``) or, while the platform runs, by
``sentry config set``, which stores it in the database; tests use ``override_options``.
"""

from sentry.options import defaults, store
from sentry.options.manager import OptionsManager
from sentry.options.option import Option, OptionValue, Source, UnknownOptionError
from sentry.utils.refresh import refresher

manager = OptionsManager(prepare=refresher.ensure_started)
defaults.register_all(manager)
refresher.add(lambda: manager.apply_stored(store.read_all()))
refresher.repeat_every(lambda: manager.get_float("options.refresh-interval"))

register = manager.register
get = manager.get
get_int = manager.get_int
get_float = manager.get_float
override = manager.override
all_options = manager.all_options

__all__ = [
    "Option",
    "OptionValue",
    "Source",
    "UnknownOptionError",
    "all_options",
    "get",
    "get_float",
    "get_int",
    "manager",
    "override",
    "register",
]
