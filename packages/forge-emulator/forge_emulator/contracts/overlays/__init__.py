"""The corrections of each host's description."""
