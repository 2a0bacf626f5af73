"""Operators' pages over the tables, at ``/admin/``: Django's admin, with secrets left out.

Only staff who signed in see them. Everything is made and deleted by the platform's own commands and
interfaces, which keep what must hold; here it is read, and a few harmless fields are changed by
superusers.
"""
