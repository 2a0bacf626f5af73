"""Imports by name."""

from django.utils.module_loading import import_string

__all__ = ["import_string"]
