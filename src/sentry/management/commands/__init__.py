"""One file for each of Django's commands that is changed."""
