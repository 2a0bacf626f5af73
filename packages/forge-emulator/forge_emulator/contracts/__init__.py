"""Holds what passes an emulator against the descriptions that the hosts publish of themselves.

The descriptions are not part of this package: `hosts.load` reads them from a folder. That module
needs the package `openapi-schema-validator`.
"""
