"""The platform that connects the errors of running software to the code that caused them."""

__version__ = "26.11.0"
