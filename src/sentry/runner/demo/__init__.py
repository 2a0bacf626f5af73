"""The demonstration: the platform's main job on a real repository, checked against git."""
