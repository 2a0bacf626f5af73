"""Run-time options: every one is registered with its default in ``options/defaults.py``.

``options.get("scm.http.timeout")`` never takes a default. An operator sets a value by the
environment (``SENTRY_OPTION_SCM_HTTP_TIMEOUT=10``); tests use ``override_options``.
"""

from sentry.options import defaults
from sentry.options.manager import OptionsManager, OptionValue, UnknownOptionError

manager = OptionsManager()
defaults.register_all(manager)

register = manager.register
get = manager.get
get_int = manager.get_int
get_float = manager.get_float
override = manager.override
all_options = manager.all_options

__all__ = [
    "OptionValue",
    "UnknownOptionError",
    "all_options",
    "get",
    "get_float",
    "get_int",
    "manager",
    "override",
    "register",
]
