"""The domain of source code management: types, errors, capabilities and use cases.

No provider is known here; a provider implements the capability Protocols of this package.
"""
