"""Small things that tests put around what they do."""
