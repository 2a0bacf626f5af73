"""What the platform must reach, measured: ``make bench``, or ``make bench ONLY=name``."""
